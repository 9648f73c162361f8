using System;

namespace Plimsoll.Bench.Wire;

/// <summary>What became of a request that has no whole answer.</summary>
public enum FailureKind : byte
{
    None,

    /// <summary>Nobody answers at the address.</summary>
    Unreachable,

    /// <summary>401 or 403.</summary>
    Unauthorised,

    /// <summary>404: no such path or model.</summary>
    NotFound,

    /// <summary>429.</summary>
    RateLimited,

    /// <summary>Another status of 400 to 499.</summary>
    Refused,

    /// <summary>A status of 500 or more.</summary>
    ServerError,

    /// <summary>A page or something else where events or JSON should be.</summary>
    NotEvents,

    /// <summary>An event that is no JSON of a chunk.</summary>
    Malformed,

    /// <summary>An error in the middle of the stream.</summary>
    ErrorEvent,

    /// <summary>The connection broke after the answer began.</summary>
    Disconnected,

    /// <summary>The answer was not whole in time.</summary>
    TimedOut,

    /// <summary>The stream ended without a reason and without an end mark.</summary>
    Truncated,

    /// <summary>An answer of no tokens.</summary>
    Empty,

    /// <summary>An answer in many times the pieces that were asked for tokens: it has no end.</summary>
    Overlong,

    /// <summary>The run was stopped while the answer was under way; not the endpoint's failure.</summary>
    Cancelled,
}

public static class FailureKinds
{
    /// <summary>By its name; one that is not known counts as an error of the answer.</summary>
    public static FailureKind Find(string name)
    {
        foreach (var kind in Enum.GetValues<FailureKind>())
        {
            if (kind.Name() == name)
                return kind;
        }
        return FailureKind.ErrorEvent;
    }

    /// <summary>In results: lower case, words joined.</summary>
    public static string Name(this FailureKind kind) => kind switch
    {
        FailureKind.None => "none",
        FailureKind.Unreachable => "unreachable",
        FailureKind.Unauthorised => "unauthorised",
        FailureKind.NotFound => "not_found",
        FailureKind.RateLimited => "rate_limited",
        FailureKind.Refused => "refused",
        FailureKind.ServerError => "server_error",
        FailureKind.NotEvents => "not_events",
        FailureKind.Malformed => "malformed",
        FailureKind.ErrorEvent => "error_event",
        FailureKind.Disconnected => "disconnected",
        FailureKind.TimedOut => "timed_out",
        FailureKind.Truncated => "truncated",
        FailureKind.Empty => "empty",
        FailureKind.Overlong => "overlong",
        _ => "cancelled",
    };
}
