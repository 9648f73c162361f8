using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Threading;
using Plimsoll.Core.Draws;
using Plimsoll.Tuning.Datasets;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// The near-duplicate finder at a million records, with pairs planted by one to three
/// changed words in thirty.
/// </summary>
static class DuplicateFigures
{
    public static void Run(int records)
    {
        var draws = new RandomStream(11);
        var vocabulary = Enumerable.Range(0, 20_000).Select(_ => Word(ref draws)).ToArray();
        var texts = new List<string>(records);
        var pairs = new List<(int Original, int Changed)>();
        while (texts.Count < records)
        {
            var words = new string[30];
            for (var i = 0; i < words.Length; i++)
                words[i] = vocabulary[(int)(vocabulary.Length * Math.Pow(draws.NextDouble(), 2))];
            texts.Add(string.Join(' ', words));
            if (draws.NextBelow(10) != 0 || texts.Count == records)
                continue;
            for (var changes = 1 + draws.NextBelow(3); changes > 0; changes--)
                words[draws.NextBelow(words.Length)] = vocabulary[draws.NextBelow(vocabulary.Length)];
            pairs.Add((texts.Count - 1, texts.Count));
            texts.Add(string.Join(' ', words));
        }
        var clock = Stopwatch.StartNew();
        var cpu = Environment.CpuUsage.TotalTime;
        var clusters = NearDuplicates.Clusters(texts, similarity: 0.7, CancellationToken.None);
        var found = pairs.Count(p => clusters[p.Original] == clusters[p.Changed]);
        var wrong = Enumerable.Range(0, texts.Count).Count(i => clusters[i] != i) - found;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, 
            $"{texts.Count:N0} records of {texts.Average(t => t.Length):F0} characters: "
                + $"{clock.Elapsed.TotalSeconds:F1} s, "
                + $"{(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:F1} CPU-s, peak "
                + $"{Process.GetCurrentProcess().PeakWorkingSet64 / 1e9:F2} GB with the texts"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, 
            $"recall {(double)found / pairs.Count:F4} of {pairs.Count:N0} planted pairs, {wrong} records "
                + $"joined that were not planted"));
    }

    static string Word(ref RandomStream draws)
    {
        var letters = new char[2 + draws.NextBelow(9)];
        for (var i = 0; i < letters.Length; i++)
            letters[i] = (char)('a' + draws.NextBelow(26));
        return new string(letters);
    }
}
