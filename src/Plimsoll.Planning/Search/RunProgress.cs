using System;
using System.Threading;

namespace Plimsoll.Planning.Search;

/// <summary>
/// Turns simulated runs, which end on several threads, into the share of the work that is done.
/// </summary>
/// <param name="told">Gets the share, 0 to 1, one thread at a time; null when nobody asks.</param>
/// <param name="requests">Requests of the whole work; searches end when they end, so the share is an
/// estimate and never claims to be all.</param>
sealed class RunProgress(Action<double>? told, double requests)
{
    /// <summary>Of a usual account, and of choosing a deployment alone.</summary>
    public const double Account = 6e6, Choice = 2e6;

    readonly Lock _lock = new();
    double _done;

    public void Ran(long requestsOfRun)
    {
        if (told is null)
            return;
        lock (_lock)
        {
            _done += requestsOfRun;
            told(Math.Min(0.99, _done / requests));
        }
    }
}
