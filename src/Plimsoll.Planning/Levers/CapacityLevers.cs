using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Plans;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Levers;

/// <summary>Levers on when capacity is paid for: following the demand, spot.</summary>
static class CapacityLevers
{
    const double MinutesPerHour = 60;

    /// <summary>Minutes until a replica serves: image, weights from disk, graphs.</summary>
    public const double StartMinutes = 6;

    /// <summary>Where they come over the network.</summary>
    const double SlowStartMinutes = 30;

    public static LeverRow? Autoscaling(LeverTrials trials)
    {
        var hours = trials.Base.Workload.WeeklyEnvelope;
        if (trials.Base.IsBatch || FleetSize.PeakOverMean(hours) <= 1)
            return null;
        var peak = FleetSize.PeakOverMean(hours);
        double Saved(double minutes) => (Followed(hours, minutes / MinutesPerHour) / peak) - 1;
        var ideal = Saved(0);
        var gone = StartMinutes;
        while (gone < 7 * 24 * MinutesPerHour && Saved(gone) < 0.5 * ideal)
            gone *= 1.25;
        return trials.Share(
            "autoscaling",
            FormattableString.Invariant($"capacity follows the demand, asked for {StartMinutes:0} minutes ")
                + FormattableString.Invariant($"ahead (image, weights from disk, graphs); with ")
                + FormattableString.Invariant($"{SlowStartMinutes:0} minutes ")
                + FormattableString.Invariant($"{-100 * Saved(SlowStartMinutes):0} % instead of ")
                + FormattableString.Invariant($"{-100 * Saved(StartMinutes):0} %"),
            Saved(StartMinutes),
            FormattableString.Invariant(
                $"half of it is gone where a replica takes {gone / MinutesPerHour:0.0} hours to start"));
    }

    /// <summary>
    /// Mean capacity over the mean demand where every moment has what the busiest of the time ahead needs.
    /// </summary>
    public static double Followed(IReadOnlyList<double> hours, double aheadHours)
    {
        const int Steps = 12;
        var mean = hours.Average();
        double sum = 0;
        for (var at = 0; at < hours.Count * Steps; at++)
        {
            var most = 0.0;
            for (var step = 0; step <= Math.Ceiling(aheadHours * Steps); step++)
            {
                var ahead = Math.Min(aheadHours, step / (double)Steps);
                most = Math.Max(most, Demand((at / (double)Steps) + ahead));
            }
            sum += most;
        }
        return sum / (hours.Count * Steps) / mean;

        // Straight from the middle of one hour to that of the next.
        double Demand(double hour)
        {
            var middle = hour - 0.5 + hours.Count;
            var whole = (int)middle;
            var share = middle - whole;
            return ((1 - share) * hours[whole % hours.Count]) + (share * hours[(whole + 1) % hours.Count]);
        }
    }

    public static LeverRow? Spot(LeverTrials trials)
    {
        var card = trials.Base.Accelerator;
        var spot = Catalogue.BuiltIn.Prices.Where(p => p.Accelerator == card.Key && p.Term == "spot")
            .OrderBy(p => p.AsOf, StringComparer.Ordinal).LastOrDefault();
        if (spot is null || spot.UsdPerHour >= trials.Base.Price.UsdPerHour)
            return null;
        var ratio = (double)(spot.UsdPerHour / trials.Base.Price.UsdPerHour);
        // Each interruption leaves a replica's place empty until another has started.
        const double Hours = StartMinutes / MinutesPerHour;
        const double PerHour = 0.05;
        var share = (ratio * (1 + (PerHour * Hours))) - 1;
        return trials.Share(
            "spot capacity",
            FormattableString.Invariant(
                $"${spot.UsdPerHour:0.00} instead of ${trials.Base.Price.UsdPerHour:0.00} an hour ")
                + $"({spot.AsOf}, {spot.Source}), "
                + FormattableString.Invariant($"{PerHour:0.00} interruptions an hour and replica assumed; ")
                + "requests under way start anew",
            share,
            FormattableString.Invariant($"{((1 / ratio) - 1) / Hours:0.0} interruptions an hour and ")
                + FormattableString.Invariant($"replica, {StartMinutes:0} minutes to replace it"));
    }

    /// <summary>Cards that a fleet may move to, the newest last.</summary>
    public static IEnumerable<(AcceleratorSpec Card, PriceSpec Price)> NewerCards(AcceleratorSpec than)
    {
        foreach (var card in Catalogue.BuiltIn.Accelerators.Where(a => a.Vendor == than.Vendor
            && a.ScaleUpWorld >= than.ScaleUpWorld && a.MemoryGbPerSecond > than.MemoryGbPerSecond
            && string.CompareOrdinal(a.Launch, than.Launch) > 0)
            .OrderBy(a => a.Launch, StringComparer.Ordinal))
        {
            if (EraCatalogue.Price(card, "9999-12-31") is { } price)
                yield return (card, price);
        }
    }
}
