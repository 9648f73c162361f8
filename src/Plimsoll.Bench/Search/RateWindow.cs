namespace Plimsoll.Bench.Search;

/// <summary>
/// A stretch of the search at one rate. What comes before <see cref="SteadyNs"/> still feels the last rate.
/// </summary>
sealed class RateWindow(double rate, long startNs, long steadyNs, long endNs, WindowKind kind, int limits)
{
    public double Rate => rate;

    public long StartNs => startNs;

    public long SteadyNs => steadyNs;

    public long EndNs => endNs;

    public WindowKind Kind => kind;

    /// <summary>Requests under way when it began.</summary>
    public int OutstandingBefore { get; init; }

    const int LeastRequests = 10;
    const int SeveralBroken = 6;

    /// <summary>Whether it had requests enough to say anything.</summary>
    public bool IsTold => Requests >= LeastRequests;

    /// <summary>
    /// Whether it broke a limit by more than a multiple of what that allows: a hiccup breaks a few requests
    /// at any rate, a window is broken by several.
    /// </summary>
    public bool IsBroken(System.ReadOnlySpan<double> allowed, double share) =>
        Piled || (MostBroken >= SeveralBroken && IsTold && Worst(allowed) > share);

    /// <summary>
    /// Whether answers piled up in it: such a rate cannot be kept up, whatever its limits say yet.
    /// </summary>
    public bool Piled { get; set; }

    public int Sent { get; set; }

    public int Ended { get; set; }

    /// <summary>Of those that ended, nanoseconds.</summary>
    public double SumE2eNs { get; set; }

    /// <summary>Of the steady part.</summary>
    public int Requests { get; set; }

    /// <summary>Of the steady part, per limit.</summary>
    public int[] Broken { get; } = new int[limits];

    /// <summary>Most breaks of one limit.</summary>
    public int MostBroken
    {
        get
        {
            var most = 0;
            foreach (var broken in Broken)
                most = System.Math.Max(most, broken);
            return most;
        }
    }

    /// <summary>The largest share by which a limit was broken, over what it allows.</summary>
    public double Worst(System.ReadOnlySpan<double> allowed)
    {
        var worst = 0.0;
        for (var limit = 0; limit < Broken.Length; limit++)
        {
            worst = System.Math.Max(worst, Requests == 0 ? 0
                : (double)Broken[limit] / Requests / allowed[limit]);
        }
        return worst;
    }
}

enum WindowKind
{
    /// <summary>Each faster than the last, until limits break.</summary>
    Climb,

    /// <summary>Slow, until what was flooded has drained.</summary>
    Rest,

    /// <summary>Around the line.</summary>
    Measure,
}
