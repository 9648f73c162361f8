using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using Plimsoll.Bench.Text;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Cli.Terminal;
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
            "Two results side by side, with intervals: bench's own, vLLM's, guidellm's or AIPerf's. "
                + "Exit code 1 when one of them says that it is invalid.")
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
        var (nameOne, nameTwo) = Names(one, two);
        var diff = new ResultDiff(ComparedRun.Read(one, nameOne), ComparedRun.Read(two, nameTwo));
        if (parsed.GetValue(_report) is { } path)
            WholeFile.Write(path, writer => Page.Write(diff.Page(CommandLine.Version), writer));
        output.Write(parsed.GetValue(_json) ? Json(diff) : Text(diff));
        return diff.IsValid ? CommandLine.Done : CommandLine.Failed;
    }

    static (string, string) Names(string one, string two)
    {
        var (a, b) = (Path.GetFileNameWithoutExtension(one), Path.GetFileNameWithoutExtension(two));
        return a == b ? (one, two) : (a, b);
    }

    static string Text(ResultDiff diff)
    {
        var text = new StringBuilder();
        foreach (var reason in diff.Invalid)
            TextLines.Wrap(text, "INVALID ", "        ", reason);
        if (diff.Differences.Count > 0)
        {
            var circumstances = new TextTable("not run alike", diff.First.Name, diff.Second.Name);
            foreach (var (name, first, second) in diff.Differences)
                circumstances.Add(name, first ?? "–", second ?? "–");
            text.Append(circumstances).Append('\n');
        }
        var table = new TextTable(["figure", .. diff.Headers()]);
        foreach (var pair in diff.Pairs)
            table.Add([pair.Name, .. ResultDiff.Row(pair).Select(cell => cell.TrimStart('<'))]);
        text.Append(table);
        foreach (var line in diff.Summaries)
            TextLines.Wrap(text, "", "", line);
        return text.ToString();
    }

    static string Json(ResultDiff diff)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            Side(json, "first", diff.First);
            Side(json, "second", diff.Second);
            json.WriteStartArray("not_run_alike");
            foreach (var (name, first, second) in diff.Differences)
            {
                json.WriteStartObject();
                json.WriteString("what", name);
                json.WriteString("first", first);
                json.WriteString("second", second);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteNumber("interval_percent", 95);
            json.WriteStartArray("figures");
            foreach (var pair in diff.Pairs)
                Pair(json, pair);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    static void Side(Utf8JsonWriter json, string name, ComparedRun run)
    {
        json.WriteStartObject(name);
        json.WriteString("name", run.Name);
        json.WriteBoolean("valid", run.InvalidBecause.Count == 0);
        json.WriteStartArray("invalid_because");
        foreach (var reason in run.InvalidBecause)
            json.WriteStringValue(reason);
        json.WriteEndArray();
        json.WriteStartObject("circumstances");
        foreach (var (what, value) in run.Circumstances)
            json.WriteString(what, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void Pair(Utf8JsonWriter json, FigurePair pair)
    {
        json.WriteStartObject();
        json.WriteString("figure", pair.Name);
        if (pair.Words is { } words)
        {
            json.WriteString("first", words.First);
            json.WriteString("second", words.Second);
            json.WriteEndObject();
            return;
        }
        foreach (var (name, value, interval) in new (string, double?, Interval?)[]
        {
            ("first", pair.First, pair.FirstInterval), ("second", pair.Second, pair.SecondInterval),
            ("ratio", pair.Ratio, pair.RatioInterval),
        })
        {
            Number(json, name, value);
            Number(json, name + "_low", interval?.Low);
            Number(json, name + "_high", interval?.High);
        }
        if (pair.WithinNoise is { } noise)
            json.WriteBoolean("within_noise", noise);
        else
            json.WriteNull("within_noise");
        json.WriteEndObject();
    }

    static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } known && double.IsFinite(known))
            json.WriteNumber(name, known);
        else
            json.WriteNull(name);
    }
}
