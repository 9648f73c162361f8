using System.Collections.Generic;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>What a search found, and how.</summary>
public sealed record PlanOutcome
{
    public required PlanRequest Request { get; init; }

    public required FleetScale Scale { get; init; }

    public required MeanRequest Mean { get; init; }

    /// <summary>The best first; at most ten. Empty where nobody keeps the promise.</summary>
    public required IReadOnlyList<PlanEntry> Best { get; init; }

    /// <summary>Everybody else.</summary>
    public required IReadOnlyList<PlanFall> Fallen { get; init; }

    /// <summary>Candidates of the whole space, those that do not fit included.</summary>
    public required int Candidates { get; init; }

    /// <summary>Requests simulated for it, as many as the runs were asked for.</summary>
    public required long SimulatedRequests { get; init; }

    /// <summary>Runs that are as near to the promise as any, where nobody keeps it.</summary>
    public IReadOnlyList<(PlanCandidate Candidate, PlanMeasure Measure)> Nearest { get; init; } = [];
}

/// <summary>A candidate that was simulated in full.</summary>
/// <param name="Candidate">It.</param>
/// <param name="Measure">Its load lines, predicted.</param>
/// <param name="FastOverPredicted">Its load line with steps as fast as the tier's error allows, over the
/// predicted one, in shorter runs.</param>
/// <param name="SlowOverPredicted">With slow steps; 0 where the promise then breaks.</param>
/// <param name="Standard">The same ratios at one standard error, of steps and of first tokens apart.</param>
/// <param name="StepTime">How long its steps take.</param>
/// <param name="ToBest">Its bill over the best's, less one, spares counted and nothing rounded.</param>
public sealed record PlanEntry(
    PlanCandidate Candidate, PlanMeasure Measure, double FastOverPredicted, double SlowOverPredicted,
    StandardErrors Standard, StepTimeModel StepTime, Difference ToBest)
{
    public double LineFast => Measure.Line * FastOverPredicted;

    public double LineSlow => Measure.Line * SlowOverPredicted;
}

/// <summary>Load lines over the predicted one at one standard error of one thing; 0 where the promise breaks.
/// </summary>
/// <param name="StepFast">Of the steps.</param>
/// <param name="StepSlow">Of the steps.</param>
/// <param name="FirstFast">Of what a first token takes beyond its steps.</param>
/// <param name="FirstSlow">Of what a first token takes beyond its steps.</param>
public readonly record struct StandardErrors(
    double StepFast, double StepSlow, double FirstFast, double FirstSlow);

/// <summary>A relative difference and its 90 % interval; a high end of null has no bound.</summary>
public readonly record struct Difference(double Value, double Low, double? High)
{
    /// <summary>Whether the interval holds zero: the two cannot be told apart.</summary>
    public bool IsTie => Low <= 0 && !(High < 0);
}
