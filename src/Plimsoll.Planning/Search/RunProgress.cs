using System;
using System.Threading;

namespace Plimsoll.Planning.Search;

/// <summary>
/// Turns simulated runs, which end on several threads, into the share of the work that is done.
/// </summary>
/// <param name="told">Gets the share, 0 to 1, one thread at a time; null when nobody asks.</param>
/// <param name="requests">Requests of a full run, the unit of work.</param>
/// <param name="usualRuns">
/// Full runs' worth of the whole work; searches end when they end, so the share is an estimate and never
/// claims to be all.
/// </param>
sealed class RunProgress(Action<double>? told, long requests, double usualRuns)
{
    /// <summary>Of an account that chooses among four deployments, and of that choice alone.</summary>
    public const double Account = 92, Choice = 10;

    readonly Lock _lock = new();
    double _runs;

    public void Ran(long requestsOfRun)
    {
        if (told is null)
            return;
        lock (_lock)
        {
            _runs += (double)requestsOfRun / requests;
            told(Math.Min(0.99, _runs / usualRuns));
        }
    }
}
