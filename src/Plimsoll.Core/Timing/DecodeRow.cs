using System;

namespace Plimsoll.Core.Timing;

/// <summary>Decode-only steps of one batch size, tabulated over the mean context in pages.</summary>
sealed class DecodeRow
{
    readonly double _baseNs;
    readonly double _hostNs;
    readonly LogTable _added;

    /// <param name="baseNs">Without attention.</param>
    /// <param name="hostNs">At least.</param>
    /// <param name="attention">Of all layers.</param>
    /// <param name="added">What it adds to a step where a part of it is hidden; all of it when null.</param>
    public DecodeRow(double baseNs, double hostNs, LogTable attention, LogTable? added = null)
    {
        _baseNs = baseNs;
        _hostNs = hostNs;
        _added = added ?? attention;
        Attention = attention;
    }

    /// <summary>Decode attention of all layers, nanoseconds, over pages + 1.</summary>
    public LogTable Attention { get; }

    /// <summary>A step without prompt chunks.</summary>
    public long StepNs(long pages) => (long)Math.Max(_hostNs, _baseNs + _added.At(pages + 1));
}
