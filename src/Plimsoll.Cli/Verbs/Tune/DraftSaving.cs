using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Search;
using Plimsoll.Tuning.Drafts;
using Plimsoll.Tuning.Evaluation;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// What a draft model saves at the promise on the task's trace, by simulation: load lines of one deployment
/// with no drafts, with the best guesses from text, and with the draft model at its measured acceptance.
/// </summary>
sealed class DraftSaving(TuneStage stage)
{
    readonly ServingOptions _serving = new();

    readonly Option<string?> _price = new("--price") { Description = "As of plimsoll account" };

    readonly Option<double> _days = new("--days")
    {
        Description = "Until the next release, which makes the draft stale",
        DefaultValueFactory = _ => 90,
    };

    public void AddTo(Command command)
    {
        _serving.AddTo(command);
        foreach (var option in new Option[] { _price, _days })
            command.Add(option);
    }

    /// <exception cref="BadInputException">Something of the fleet does not fit: known before anything is
    /// trained.</exception>
    public Serving Resolve(ParseResult parsed)
    {
        var serving = _serving.Resolve(parsed);
        if (serving.Levels.Count != 1)
        {
            throw new BadInputException(
                "--level: drafts are judged at one promise; expected --promise alone");
        }
        if (serving.Deployment.Engine.Speculation is not null)
        {
            throw new BadInputException(
                "--num-speculative-tokens: acceptance is measured here; expected none given");
        }
        var days = parsed.GetValue(_days);
        return days is > 0 and <= 3650 ? serving
            : throw new BadInputException($"--days {days}: expected above 0, at most 3650");
    }

    /// <param name="free">Drafters without upkeep, as measured.</param>
    /// <param name="layerShare">The draft's layers as a share of the target's.</param>
    /// <param name="onceUsd">What making and measuring it cost.</param>
    public GateOutcome Judge(ParseResult parsed, Serving serving, IReadOnlyList<DraftAcceptance> free,
        DraftAcceptance model, double layerShare, double onceUsd)
    {
        double Usd(SpeculationSpec? speculation) => UsdPerRequest(parsed, serving, speculation);
        var best = free.MaxBy(f => f.TokensPerStep.Point)!;
        var (none, text) = (Usd(null), Usd(Spec(best, best.TokensPerStep.Point, 0)));
        var (rival, rivalUsd) = text < none ? (best.Drafter, text) : ("no drafts", none);
        if (double.IsInfinity(rivalUsd))
        {
            throw new BadInputException(
                "the promise is not kept without a draft model; expected one that is");
        }
        var layers = layerShare * serving.Deployment.Model.Layers;
        double At(double length) => Usd(Spec(model, length, layers));
        var per = model.TokensPerStep;
        return DraftDecision.Judge(new DraftMoney(
            rival, rivalUsd, new Interval(At(per.Point), At(per.High), At(per.Low)),
            serving.RequestsPerSecond * 86_400 * parsed.GetValue(_days), onceUsd));
    }

    static SpeculationSpec Spec(DraftAcceptance measured, double length, double layers) =>
        new(measured.DraftTokens, Math.Round(length, 3), layers);

    // In fractions of a replica and without spares, so that nothing but the drafts moves it.
    double UsdPerRequest(ParseResult parsed, Serving serving, SpeculationSpec? speculation)
    {
        var choice = serving.Deployment with
        {
            Engine = serving.Deployment.Engine with { Speculation = speculation },
        };
        using var progress = new ProgressLine(stage.Story, speculation is null ? "simulating without drafts"
            : FormattableString.Invariant($"simulating {speculation.AcceptanceLength:0.00} tokens a step"),
            ProgressLine.Whole);
        var sized = EngineChoice.Of(
            serving with { Deployment = choice }, spareReplicas: 0, progress.ReportShare);
        progress.Clear();
        var price = Catalogue.BuiltIn.FindPrice(choice.Accelerator, parsed.GetValue(_price));
        var engine = sized.Engine;
        var perHour = (double)price.UsdPerHour * engine.Deployment.Accelerators / engine.Ranks;
        return sized.Line.RequestsPerSecond is > 0 and var line
            ? perHour * FleetSize.PeakOverMean(serving.Workload.WeeklyEnvelope) / (line * 3600)
            : double.PositiveInfinity;
    }
}
