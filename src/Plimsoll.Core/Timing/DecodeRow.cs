using System;

namespace Plimsoll.Core.Timing;

/// <summary>Decode-only steps of one batch size, tabulated over the mean context in pages.</summary>
sealed class DecodeRow
{
    readonly double _baseNs;
    readonly double _hostNs;

    public DecodeRow(double baseNs, double hostNs, LogTable attention)
    {
        _baseNs = baseNs;
        _hostNs = hostNs;
        Attention = attention;
    }

    /// <summary>Decode attention of all layers, nanoseconds, over pages + 1.</summary>
    public LogTable Attention { get; }

    /// <summary>A step without prompt chunks.</summary>
    public long StepNs(long pages) => (long)Math.Max(_hostNs, _baseNs + Attention.At(pages + 1));
}
