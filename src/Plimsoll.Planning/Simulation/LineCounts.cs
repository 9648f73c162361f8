using System;

namespace Plimsoll.Planning.Simulation;

/// <summary>Batch lines at one time of a run.</summary>
/// <param name="Unanswered">Have come and are not answered.</param>
/// <param name="Waiting">Those of them that no engine has admitted.</param>
readonly record struct LineCounts(double Unanswered, double Waiting)
{
    public static LineCounts operator +(LineCounts a, LineCounts b) =>
        new(a.Unanswered + b.Unanswered, a.Waiting + b.Waiting);

    /// <summary>
    /// Whether lines come faster than they are done: clearly more wait at the end than here, half way. Where
    /// only those under way are clearly more, the run is too short to tell; null.
    /// </summary>
    /// <param name="end">At the end.</param>
    /// <param name="came">Lines that came in all.</param>
    public bool? IsOverloaded(LineCounts end, double came) =>
        IsMore(Waiting, end.Waiting, came, deviations: 4) ? true
            : IsMore(Unanswered, end.Unanswered, came, deviations: 2) ? null
            : false;

    /// <summary>More than lines under way scatter by, and not a few of those that came.</summary>
    static bool IsMore(double halfway, double end, double came, double deviations) =>
        end - halfway >= Math.Max(Math.Max(10, 0.02 * came), deviations * Math.Sqrt(halfway))
            && end - halfway > 0.3 * halfway;
}
