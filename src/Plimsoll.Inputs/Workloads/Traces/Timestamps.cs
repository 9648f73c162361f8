using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>What is made of arrivals that share their times.</summary>
public enum Timestamps
{
    /// <summary>Where times are rounded to a step, arrivals are spread inside it.</summary>
    Spread,

    /// <summary>Requests arrive when the file says so, together where it says that.</summary>
    AsIs,
}

public static class TimestampChoices
{
    public static Choices<Timestamps> All { get; } =
        new(("spread", Timestamps.Spread), ("as-is", Timestamps.AsIs));
}
