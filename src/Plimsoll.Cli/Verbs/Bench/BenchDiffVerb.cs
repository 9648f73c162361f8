using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Text.Json;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Text;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;
using Plimsoll.Reports;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary><c>plimsoll bench diff</c>: two results side by side, whoever measured them.</summary>
sealed class BenchDiffVerb(TextWriter output)
{
    readonly Argument<string> _first =
        new("FIRST") { Description = "A result of bench, vLLM, guidellm or AIPerf" };
    readonly Argument<string> _second = new("SECOND") { Description = "Another" };
    readonly Option<string?> _report =
        new("--report") { Description = "Write one HTML page, with pictures where both hold their requests" };
    readonly Option<bool> _json = new("--json") { Description = "Print JSON" };

    public Command Build()
    {
        var command = new Command("diff",
            "Two results side by side: bench's own, vLLM's, guidellm's or AIPerf's.")
        {
            _first, _second, _report, _json,
        };
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var (one, two) = (parsed.GetValue(_first)!, parsed.GetValue(_second)!);
        if (parsed.GetValue(_report) is { } checkedPath)
            WholeFile.Check(checkedPath);
        var (first, firstRun) = Read(one);
        var (second, secondRun) = Read(two);
        var pairs = ResultDiff.Of(first, second);
        var (nameOne, nameTwo) = Names(one, two);
        if (parsed.GetValue(_report) is { } path)
        {
            var page = ResultDiff.Page((nameOne, firstRun), (nameTwo, secondRun), pairs, CommandLine.Version);
            WholeFile.Write(path, writer => Page.Write(page, writer));
        }
        output.Write(parsed.GetValue(_json) ? Json(pairs) : Text(pairs, nameOne, nameTwo));
        return CommandLine.Done;
    }

    static (IReadOnlyDictionary<string, double> Figures, BenchResult? Run) Read(string path)
    {
        var figures = ResultFigures.TryRead(path);
        BenchResult? run = null;
        try
        {
            run = ImportedRun.Read(path, new LevelOptions(), LatencyReport.UsualPercentiles);
        }
        catch (BadInputException) when (figures is not null)
        {
            // A summary without its requests still has its figures.
        }
        return (figures ?? ResultFigures.Of(run!), run);
    }

    static (string, string) Names(string one, string two)
    {
        var (a, b) = (Path.GetFileNameWithoutExtension(one), Path.GetFileNameWithoutExtension(two));
        return a == b ? (one, two) : (a, b);
    }

    static string Text(IReadOnlyList<FigurePair> pairs, string one, string two)
    {
        var table = new TextTable("figure", one, two, "ratio", "");
        foreach (var pair in pairs)
        {
            table.Add(
                pair.Name, ResultDiff.Text(pair.First), ResultDiff.Text(pair.Second),
                    ResultDiff.Text(pair.Ratio),
                ResultDiff.Remark(pair));
        }
        return table.ToString();
    }

    static string Json(IReadOnlyList<FigurePair> pairs)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var pair in pairs)
            {
                json.WriteStartObject();
                json.WriteString("figure", pair.Name);
                Number(json, "first", pair.First);
                Number(json, "second", pair.Second);
                Number(json, "ratio", pair.Ratio);
                if (pair.Noise is { } noise)
                    json.WriteBoolean("within_noise", noise);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        return System.Text.Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } known && double.IsFinite(known))
            json.WriteNumber(name, known);
        else
            json.WriteNull(name);
    }
}
