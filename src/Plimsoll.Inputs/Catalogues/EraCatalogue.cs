using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>How engines served at a time: their scheduler, and how much slower their kernels were.</summary>
/// <param name="Since">First day, <c>yyyy-MM-dd</c>.</param>
/// <param name="Name">In words.</param>
/// <param name="Policy">Its scheduler.</param>
/// <param name="SlowerLow">Kernel time over today's, at least.</param>
/// <param name="Slower">Most likely.</param>
/// <param name="SlowerHigh">At most.</param>
/// <param name="Source">Where that is from.</param>
public sealed record EraSpec(
    string Since, string Name, SchedulingPolicy Policy, double SlowerLow, double Slower, double SlowerHigh,
    string Source);

/// <summary>Engines and accelerators by date: <c>data/eras.csv</c>, launches and prices.</summary>
public static class EraCatalogue
{
    static readonly Lazy<IReadOnlyList<EraSpec>> Eras = new(() => Resource.Read("eras.csv", Read));

    public static IReadOnlyList<EraSpec> All => Eras.Value;

    /// <summary>The era of a day.</summary>
    public static EraSpec Of(string date) => All.LastOrDefault(
        era => string.CompareOrdinal(era.Since, date) <= 0)
        ?? throw new BadInputException($"date {date}: before {All[0].Since}; expected a later one");

    /// <summary>What a month or a day means as the end of a series; none that nobody has seen.</summary>
    public static string Day(string text)
    {
        const System.Globalization.DateTimeStyles None = System.Globalization.DateTimeStyles.None;
        var culture = System.Globalization.CultureInfo.InvariantCulture;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", culture, None, out _))
            return Seen(text, text);
        return DateOnly.TryParseExact(text, "yyyy-MM", culture, None, out var month)
            ? Seen(month.AddMonths(1).AddDays(-1).ToString("yyyy-MM-dd", culture), text)
            : throw new BadInputException($"date {text}: expected yyyy-MM or yyyy-MM-dd such as 2023-03");
    }

    /// <summary>A day of no later month than the newest price is of.</summary>
    static string Seen(string day, string text)
    {
        const int Month = 7;
        var newest = Catalogue.BuiltIn.Prices.Select(price => price.AsOf).Max(StringComparer.Ordinal)!;
        return string.CompareOrdinal(day[..Month], newest[..Month]) <= 0 ? day
            : throw new BadInputException(
                $"date {text}: prices are known to {newest}; expected that month or an earlier one");
    }

    /// <summary>
    /// What an accelerator cost to rent by the hour then, a neocloud's median before a hyperscaler's; null
    /// where nobody is known to have offered it.
    /// </summary>
    public static PriceSpec? Price(AcceleratorSpec accelerator, string date)
    {
        foreach (var type in new[] { "neocloud", "hyperscaler", "marketplace" })
        {
            try
            {
                return Catalogue.BuiltIn.FindPrice(accelerator, $"{type}@{date}");
            }
            catch (BadInputException)
            {
                // The series of this type does not reach back so far.
            }
        }
        return null;
    }

    /// <summary>
    /// The newest accelerator that could be rented by the board of eight then, of the fastest where several
    /// are as new.
    /// </summary>
    public static AcceleratorSpec Card(string date) => Catalogue.BuiltIn.Accelerators
        .Where(a => a.Vendor == "NVIDIA" && a.ScaleUpWorld == 8 && a.ScaleUpGbPerSecond >= 100
            && string.CompareOrdinal(a.Launch, date) <= 0 && Price(a, date) is not null)
        .OrderBy(a => a.Launch, StringComparer.Ordinal).ThenBy(a => a.MemoryGb)
        .LastOrDefault() ?? throw new BadInputException(
            $"date {date}: no accelerator has a price by then; expected a later one, or a card and a price");

    static IReadOnlyList<EraSpec> Read(string name, TextReader text) => CsvTable.Read(name, text, row =>
        new EraSpec(
            row.Text("since"), row.Text("name"),
            SchedulingPolicy.Simulated.TryFind(row.Text("policy"), out var policy) ? policy
                : throw row.Bad("policy", row.Text("policy"), $"{SchedulingPolicy.Simulated}"),
            row.Number("slower_low"), row.Number("slower"), row.Number("slower_high"), row.Text("source")));
}
