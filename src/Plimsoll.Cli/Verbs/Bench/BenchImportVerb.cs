using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Text;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Files;
using Plimsoll.Reports;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary>
/// <c>plimsoll bench import</c>: a run that vLLM's bench, guidellm or AIPerf measured, judged and
/// priced as ours are.
/// </summary>
sealed class BenchImportVerb(TextWriter output)
{
    readonly BenchMoneyArguments _money = new();
    readonly Argument<string> _file =
        new("FILE") { Description = "Result of vLLM (--save-detailed), guidellm or AIPerf" };
    readonly Option<string?> _model =
        new("--model") { Description = "Model of the catalogue, for the bound" };
    readonly Option<string[]> _promise =
        new("--promise") { Description = "A limit such as \"ttft p95 500ms\"; repeatable" };
    readonly Option<string?> _report = new("--report") { Description = "Write one HTML page" };
    readonly Option<bool> _json = new("--json") { Description = "Print the result as JSON with vLLM's keys" };

    public Command Build()
    {
        var command = new Command("import",
            "A run that another tool measured, judged and priced as bench's own.")
        {
            _file, _model, _promise, _report, _json,
        };
        _money.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var level = new LevelOptions { Promise =
            [.. (parsed.GetValue(_promise) ?? []).Select(PromiseText.Parse)] };
        var options = _money.Read(parsed, parsed.GetValue(_model), TextWriter.Null);
        var result = ImportedRun.Read(parsed.GetValue(_file)!, level, LatencyReport.UsualPercentiles);
        var bill = options is null ? null : Bill.Of(result, options);
        var against = _money.Against(parsed) is { } account ? AccountComparison.Read(account, result, bill)
            : null;
        if (parsed.GetValue(_report) is { } path)
        {
            WholeFile.Write(path, page =>
                Page.Write(BenchPage.Of(result, bill, against, CommandLine.Version), page));
        }
        if (parsed.GetValue(_json))
        {
            output.Write(VllmJson.Text(result, json => MoneyJson.Write(json, bill, against)));
        }
        else
        {
            var text = new StringBuilder(BenchText.Of(result, Metrics.All.Names));
            if (bill is not null)
                text.Append(MoneyText.Of(bill));
            if (against is not null)
                text.Append(MoneyText.Of(against));
            output.Write(text);
        }
        return result.IsValid && result.Verdict is PromiseVerdict.Kept or PromiseVerdict.None
            ? CommandLine.Done : CommandLine.Failed;
    }
}
