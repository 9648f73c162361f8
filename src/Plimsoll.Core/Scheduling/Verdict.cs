namespace Plimsoll.Core.Scheduling;

public enum Admission : byte
{
    /// <summary>Taken in, at the level it asked for.</summary>
    Accepted,

    /// <summary>Taken in at a batch level: its promise could not have been kept.</summary>
    Relegated,

    /// <summary>Not taken in.</summary>
    Rejected,
}

/// <summary>What becomes of a request that asks to be served.</summary>
/// <param name="Admission">Whether it was taken in.</param>
/// <param name="Request">Its name; <see cref="RequestId.None"/> when it was rejected.</param>
/// <param name="RetryAfterNs">Rejected: after how many nanoseconds it would be accepted by what is known
/// now; null when it never would, because prompt and longest answer exceed the memory.</param>
public readonly record struct Verdict(Admission Admission, RequestId Request, long? RetryAfterNs = null)
{
    public bool IsTaken => Admission != Admission.Rejected;

    internal static Verdict Never => new(Admission.Rejected, RequestId.None);
}
