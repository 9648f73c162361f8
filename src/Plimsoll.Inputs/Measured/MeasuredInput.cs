using System.Collections.Generic;

namespace Plimsoll.Inputs.Measured;

/// <summary>What one measured file holds.</summary>
public sealed record MeasuredInput
{
    public required string File { get; init; }

    /// <summary>Which form it has, for people.</summary>
    public required string Form { get; init; }

    /// <summary>
    /// The unit of time of its timings and where they stand, for the error about a wrong one.
    /// </summary>
    public required string Units { get; init; }

    public RunFacts Facts { get; init; } = RunFacts.None;

    public required IReadOnlyList<Configuration> Configurations { get; init; }

    /// <summary>Served requests one by one; empty where the form has only their means, or steps.</summary>
    public IReadOnlyList<RequestTiming> Timings { get; init; } = [];

    /// <summary>Requests, points or steps that were used.</summary>
    public required long Used { get; init; }

    /// <summary>Requests that failed or were cut off; they count for nothing.</summary>
    public long Failed { get; init; }

    /// <summary>Of those that failed, which the tool itself cut off at the end of its run.</summary>
    public long GivenUp { get; init; }

    /// <summary>What the first that failed said; null where the file tells nothing.</summary>
    public string? FirstFailure { get; init; }

    /// <summary>
    /// Runs in the file, one after another; their requests are all in <see cref="Timings"/>.
    /// </summary>
    public int Runs { get; init; } = 1;

    /// <summary>Seconds that the run took where <see cref="Timings"/> have no start; else null.</summary>
    public double? WithoutStartsS { get; init; }

    /// <summary>Most requests in flight, as the file says; null where it does not.</summary>
    public int? MostInFlight { get; init; }

    /// <summary>Digest of the file's bytes, lower-case hexadecimal.</summary>
    public string Sha256 { get; init; } = "";
}
