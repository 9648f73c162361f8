using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Plimsoll.Reports;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Tokenization;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>A dataset to look at: what was taken out, and samples as the model reads them.</summary>
static class DatasetPage
{
    const int Samples = 40;
    const int LongestText = 600;

    public static PageModel Of(string hash, DatasetBuild build, DatasetStatistics statistics,
        Renderer renderer, ByteLevelBpe tokenizer, string version) => new()
    {
        Brand = "plimsoll tune",
        Headline = $"Dataset {hash[..12]}",
        Lines =
        [
            $"{build.Filters[0].Before:N0} records came in, {build.Train.Count:N0} are trained on and "
                + $"{build.Validation.Count:N0} held out by group.",
        ],
        Figures =
        [
            new(Number(statistics.Tokens), "tokens to train on"),
            new(Number(statistics.Learned), "of them learned"),
            new(Number(statistics.MedianTokens), "tokens of a record, median"),
            new(Number(statistics.MostTokens), "of the longest"),
        ],
        Pictures = [],
        Tables = [.. Tables(build, statistics, renderer, tokenizer)],
        Notes =
        [
            "Samples are every so-many-th record by hash. Text between the marks ‹ and › is what the loss is "
                + "taken on: the model learns to say that, and reads the rest.",
        ],
        Version = version,
    };

    static IEnumerable<PageTable> Tables(DatasetBuild build, DatasetStatistics statistics, Renderer renderer,
        ByteLevelBpe tokenizer)
    {
        yield return new PageTable("Filters", ["<filter", "<version", "before", "after"],
            [.. build.Filters.Select(f =>
                new[] { "<" + f.Filter, "<" + f.Version, Number(f.Before), Number(f.After) })]);
        if (build.RedactedCounts.Count > 0)
        {
            yield return new PageTable("Redacted", ["<kind", "count"],
                [.. build.RedactedCounts.OrderBy(c => c.Key).Select(c =>
                    new[] { "<" + c.Key.ToString().ToLowerInvariant(), Number(c.Value) })]);
        }
        var records = build.Train.Where(r => !r.IsPreference && r.Text is null).ToList();
        var every = Math.Max(1, records.Count / Samples);
        yield return new PageTable("Samples", ["tokens", "<as the model reads it"],
            [.. records.Where((_, i) => i % every == 0).Take(Samples).Select(renderer.Example)
                .Select(e => new[] { Number(e.Tokens.Length), "<" + Cut(Marked(e, tokenizer)) })]);
        if (statistics.Answers.Any(a => a.Count > 1))
        {
            yield return new PageTable("Frequent answers", ["<answer", "records"],
                [.. statistics.Answers.Take(10).Select(a => new[] { "<" + Cut(a.Answer), Number(a.Count) })]);
        }
    }

    static string Marked(RenderedExample example, ByteLevelBpe tokenizer)
    {
        var text = new StringBuilder();
        for (var from = 0; from < example.Tokens.Length;)
        {
            var to = from;
            while (to < example.Tokens.Length && example.Learned[to] == example.Learned[from])
                to++;
            var run = tokenizer.Decode(example.Tokens[from..to], specials: true).Replace("\n", "⏎");
            text.Append(example.Learned[from] ? $"‹{run}›" : run);
            from = to;
        }
        return text.ToString();
    }

    static string Cut(string text) => text.Length > LongestText ? text[..LongestText] + " ..." : text;

    static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
