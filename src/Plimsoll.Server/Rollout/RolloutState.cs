using System;
using System.Collections.Generic;

namespace Plimsoll.Server.Rollout;

/// <summary>A task's traffic as it is now: for the live page, the API and the file it is kept in.</summary>
/// <param name="Stage">shadow, canary, promoted, rolled_back.</param>
/// <param name="CandidatePercent">Of the keys.</param>
/// <param name="Reason">Why the routing is as it is.</param>
public sealed record RolloutState(
    string Task, string Stage, long Revision, string Production, string? Candidate, double CandidatePercent,
    bool Shadow, string Reason, IReadOnlyList<GuardView> Guards, IReadOnlyList<RolloutEvent> History);

/// <summary>What a guard knows of both arms, per cent: mean and the interval that holds at every
/// look.</summary>
/// <param name="Verdict">open, kept, broken.</param>
public sealed record GuardView(string Metric, string Verdict, double MarginPoints, ArmView Candidate,
    ArmView Production);

/// <param name="Percent">Null before the first observation.</param>
public readonly record struct ArmView(long Count, double? Percent, double LowPercent, double HighPercent);

/// <summary>One change of the routing.</summary>
public sealed record RolloutEvent(DateTimeOffset At, long Revision, string Stage, double CandidatePercent,
    string Reason);
