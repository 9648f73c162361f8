using System.Collections.Generic;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Costing;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// The way from the physical floor to the bill. Each level is a full cost with one more thing made real;
/// a bar is the difference to the level before, so the bars sum to the bill to the pico-dollar.
/// </summary>
sealed class Waterfall
{
    readonly List<WaterfallBar> _bars = [];
    PicoDollars _level;

    public PicoDollars Total => _level;

    public IReadOnlyList<WaterfallBar> Bars => _bars;

    public Waterfall Rise(string step, PicoDollars level)
    {
        _bars.Add(new WaterfallBar(step, (level - _level).Usd));
        _level = level;
        return this;
    }
}
