using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Deployment;
using Plimsoll.Tuning.Evaluation;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary><c>plimsoll tune evaluate ADAPTER</c>: gates 1 to 4 on the deployed form.</summary>
sealed class EvaluateCommand(TuneStage stage)
{
    readonly Argument<string> _adapter = new("ADAPTER") { Description = "Hash of the candidate" };
    readonly Option<string> _registry = TuneStage.RegistryOption();
    readonly Option<string> _set = new("--set") { Description =
        "JSONL of records; the last answer of each is expected", Required = true };
    readonly Option<string> _against = new("--against")
    {
        Description = "What answers now: an adapter, task@production, or base",
        DefaultValueFactory = _ => "base",
    };
    readonly Option<string?> _mustPass = new("--must-pass")
    {
        Description = "JSONL of records that must be answered exactly",
    };
    readonly Option<bool> _labels = new("--labels")
    {
        Description = "Answers must be among the expected answers of the set",
    };
    readonly Option<string?> _schema = new("--schema")
    {
        Description = "Answers must be JSON that this JSON schema holds valid",
    };

    readonly Option<string?> _pattern = new("--pattern")
    {
        Description = "Answers must be of this regular expression's form, whole",
    };

    readonly Option<double> _faulty = new("--most-faulty")
    {
        Description = "Share of answers that may be of a wrong form",
        DefaultValueFactory = _ => 0.01,
    };

    readonly Option<double> _margin = new("--margin")
    {
        Description = "Accuracy that may be lost",
        DefaultValueFactory = _ => 0.02,
    };
    readonly Option<double> _discordant = new("--discordant")
    {
        Description = "Share of examples expected to be answered otherwise",
        DefaultValueFactory = _ => 0.1,
    };
    readonly Option<int> _parity = new("--parity-prompts")
    {
        Description = "Prompts on which trainer and engine must agree",
        DefaultValueFactory = _ => 200,
    };
    readonly Option<TensorFormat> _format = new("--format")
    {
        Description = "Deployed form of the base: F32, F16 or Q8_0",
        DefaultValueFactory = _ => TensorFormat.Q8_0,
    };
    readonly Option<int> _most = new("--most-tokens")
    {
        Description = "Of an answer",
        DefaultValueFactory = _ => 32,
    };

    public Command Build()
    {
        var command = new Command("evaluate", "Judges an adapter as it would be deployed: parity, quality, "
            + "must-pass examples, form.")
        {
            _adapter, _registry, _set, _against, _mustPass, _labels, _schema, _pattern, _faulty, _margin,
            _discordant, _parity, _format, _most,
        };
        command.SetAction((parsed, cancellation) => RunAsync(parsed, cancellation));
        return command;
    }

    async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        Check(parsed);
        using var workspace = TuneStage.Open(parsed.GetValue(_registry)!);
        var adapter = TuneStage.AdapterOf(workspace, parsed.GetValue(_adapter)!);
        var baseHash = workspace.SpecOf(adapter).Links["base"];
        var current = parsed.GetValue(_against) is "base" ? null
            : TuneStage.AdapterOf(workspace, parsed.GetValue(_against)!);
        var form = Form(parsed);
        var settings = Settings(parsed, workspace, current);
        if (new Releases(workspace).Evaluated(adapter, settings) is { } before)
        {
            stage.Story.WriteLine("plimsoll: judged before by the same settings; that is returned");
            return Say(before.Hash, before.Gates);
        }
        var set = Conversations(parsed.GetValue(_set)!);
        var mustPass = parsed.GetValue(_mustPass) is { } file ? Conversations(file) : null;
        var needed = PairedProportions.Needed(
            parsed.GetValue(_margin), parsed.GetValue(_discordant), Gates.Confidence, Gates.Power);
        stage.Story.WriteLine($"plimsoll: {needed:N0} examples are needed to judge "
            + $"quality, {set.Count:N0} are there");
        var examiner = new Examiner(stage, workspace, baseHash, parsed.GetValue(_format),
            parsed.GetValue(_most));
        var answers = await examiner.JudgedAsync(set, adapter, current, settings, cancellation);
        var gates = new List<GateOutcome>
        {
            await examiner.ParityAsync(set, adapter, parsed.GetValue(_parity), cancellation),
            Gates.Quality(answers, parsed.GetValue(_margin), parsed.GetValue(_discordant)),
        };
        if (mustPass is not null)
        {
            gates.Add(Gates.Regression(await examiner.JudgedAsync(
                mustPass, adapter, adapter, settings, cancellation)));
        }
        if (form is not null || parsed.GetValue(_labels))
        {
            gates.Add(Gates.Format(answers,
                form ?? AnswerForm.OneOf(answers.Select(a => a.Expected).ToHashSet()),
                parsed.GetValue(_faulty)));
        }
        return Say(new Releases(workspace).AddEvaluation(
            adapter, Path.GetFileName(parsed.GetValue(_set)!), parsed.GetValue(_format).ToString(), answers,
            gates, settings), gates);
    }

    void Check(ParseResult parsed)
    {
        void Within(string option, double value, bool holds, string expected)
        {
            if (holds)
                return;
            throw new BadInputException(
                FormattableString.Invariant($"{option} {value}: expected {expected}"));
        }
        var (margin, discordant) = (parsed.GetValue(_margin), parsed.GetValue(_discordant));
        Within(_margin.Name, margin, margin is > 0 and < 1, "above 0, below 1");
        Within(_discordant.Name, discordant, discordant is > 0 and <= 1, "above 0, at most 1");
        Within(_parity.Name, parsed.GetValue(_parity), parsed.GetValue(_parity) >= 1, "at least 1");
        Within(_most.Name, parsed.GetValue(_most), parsed.GetValue(_most) >= 1, "at least 1");
    }

    static List<TrainingRecord> Conversations(string file)
    {
        var records = RecordReader.ReadJsonl(file).ToList();
        return records.Any(r => r.IsPreference || r.Text is not null)
            ? throw new BadInputException($"{file}: expected conversations that end with the expected answer")
            : records;
    }

    // Read before anything is asked of a model.
    Func<string, string?>? Form(ParseResult parsed)
    {
        if (!(parsed.GetValue(_faulty) is >= 0 and < 1))
            throw new BadInputException($"--most-faulty {parsed.GetValue(_faulty)}: expected 0 to 1");
        return (parsed.GetValue(_labels), parsed.GetValue(_schema), parsed.GetValue(_pattern)) switch
        {
            (_, null, null) => null,
            (false, { } schema, null) => AnswerForm.Schema(schema),
            (false, null, { } pattern) => AnswerForm.Pattern(pattern),
            _ => throw new BadInputException("--labels, --schema, --pattern: expected one of them"),
        };
    }

    int Say(string evaluation, IReadOnlyList<GateOutcome> gates)
    {
        stage.Output.WriteLine($"evaluation {evaluation}");
        stage.Output.Write(GateText.Of(gates));
        return gates.All(g => g.Verdict == GateVerdict.Passed) ? CommandLine.Done : CommandLine.Failed;
    }

    JsonObject Settings(ParseResult parsed, TuneWorkspace workspace, string? current)
    {
        string? Hash(string? file) => file is null ? null : workspace.Registry.Blobs.Put(file);
        return new JsonObject
        {
            ["set_sha256"] = Hash(parsed.GetValue(_set)),
            ["against"] = current ?? "base",
            ["must_pass_sha256"] = Hash(parsed.GetValue(_mustPass)),
            ["labels"] = parsed.GetValue(_labels),
            ["schema_sha256"] = Hash(parsed.GetValue(_schema)),
            ["pattern"] = parsed.GetValue(_pattern),
            ["most_faulty"] = parsed.GetValue(_faulty),
            ["margin"] = parsed.GetValue(_margin),
            ["discordant"] = parsed.GetValue(_discordant),
            ["parity_prompts"] = parsed.GetValue(_parity),
            ["format"] = parsed.GetValue(_format).ToString(),
            ["most_tokens"] = parsed.GetValue(_most),
            ["engine"] = CommandLine.VersionAndCommit,
        };
    }
}
