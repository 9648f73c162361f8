namespace Plimsoll.Planning.Plans;

/// <summary>Where in the search a candidate falls, in order.</summary>
public enum PlanStage
{
    /// <summary>Degrees of parallelism that the model or the accelerator cannot have.</summary>
    Impossible,

    /// <summary>The model does not fit.</summary>
    Memory,

    /// <summary>The smallest fleet is over a stated limit, or what is to be least is not known.</summary>
    Limits,

    /// <summary>In closed form even one request alone misses the promise.</summary>
    Unreachable,

    /// <summary>A lower bound of its bill exceeds what others were found to cost.</summary>
    Bound,

    /// <summary>Dearer in a short simulation, or its promise broken there.</summary>
    ShortRun,

    /// <summary>Dearer in a longer one.</summary>
    Race,

    /// <summary>Simulated in full and not among the best.</summary>
    Full,

    /// <summary>Time ran out before it was looked at.</summary>
    NotReached,
}

/// <summary>A candidate that fell.</summary>
/// <param name="Candidate">It.</param>
/// <param name="Stage">Where.</param>
/// <param name="Reason">Why, in a few words.</param>
/// <param name="AtLeast">What its fleet takes at least, in the objective's unit; null where unknown.</param>
public sealed record PlanFall(PlanCandidate Candidate, PlanStage Stage, string Reason, double? AtLeast);
