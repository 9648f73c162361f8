using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// What one request did in a step, where that differs from the rule: every scheduled chunk is computed,
/// every decode and every chunk that ends its prompt yields one token, nobody finishes.
/// </summary>
public readonly record struct RequestOutcome
{
    public required RequestId Request { get; init; }

    /// <summary>
    /// The answer is complete (with this step's token, if any), or the request is abandoned.
    /// </summary>
    public bool Finished { get; init; }

    /// <summary>
    /// The step was cut short for this request: it yields no token, and <see cref="ComputedTokens"/> of its
    /// chunk have KV.
    /// </summary>
    public bool Aborted { get; init; }

    /// <summary>Chunk tokens computed before an abort; fewer than the chunk's.</summary>
    public int ComputedTokens { get; init; }

    /// <summary>
    /// Drafts of a decode that were accepted, so many tokens beyond the one; at most
    /// <see cref="CohortRun.DraftTokens"/>.
    /// </summary>
    public int AcceptedDrafts { get; init; }
}

/// <summary>
/// What an executor reports of a plan it ran: the exceptions to the rule, at most one per request, how often
/// it ran the plan and how long that took.
/// </summary>
public readonly ref struct StepOutcome
{
    public StepOutcome(ReadOnlySpan<RequestOutcome> exceptions, int steps = 1)
    {
        Exceptions = exceptions;
        Steps = steps;
    }

    public ReadOnlySpan<RequestOutcome> Exceptions { get; }

    /// <summary>
    /// Consecutive executions of the same plan, at most <see cref="StepPlan.RepeatableSteps"/>. Exceptions
    /// belong to the last one.
    /// </summary>
    public int Steps { get; }

    /// <summary>What the executions took together, nanoseconds; 0 when nobody measured.</summary>
    public long DurationNs { get; init; }

    /// <summary>
    /// Drafts that the step verified, where they are fewer than planned because nobody had a guess; null
    /// where they are not.
    /// </summary>
    public int? DraftedTokens { get; init; }

    /// <summary>
    /// The whole step was cut short: no decode yields a token, and of a chunk no more has KV than an
    /// exception says in <see cref="RequestOutcome.ComputedTokens"/>.
    /// </summary>
    public bool Aborted { get; init; }
}
