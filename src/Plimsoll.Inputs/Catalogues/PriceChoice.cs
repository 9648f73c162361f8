using System;
using System.Collections.Generic;
using System.Globalization;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>
/// Picks a price out of the dated series. What is asked for is an amount (<c>2.49</c>), or a provider type or
/// a term with an optional date (<c>neocloud@2026-08-21</c>, <c>spot</c>): the median over providers of the
/// latest day on or before it, of a provider type on demand where it has that. Left out, it is the latest
/// on-demand index, or where there is none the latest on-demand median.
/// </summary>
static class PriceChoice
{
    public static PriceSpec Find(
        IReadOnlyList<PriceSpec> prices, AcceleratorSpec accelerator, string? text, string givenBy)
    {
        if (text is null)
        {
            return Median(prices, accelerator, p => p.ProviderType == "index" && p.Term == "on-demand", null)
                ?? Median(prices, accelerator, p => p.Term == "on-demand", null)
                ?? Median(prices, accelerator, _ => true, null)
                ?? throw new BadInputException(
                    accelerator.Name, "no price is in the catalogue", $"{Setting.Price} USD-PER-HOUR");
        }
        if (decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var amount))
            return Given(accelerator, amount, text, givenBy);

        var at = text.IndexOf('@');
        var type = at < 0 ? text : text[..at];
        var date = at < 0 ? null : Date(text[(at + 1)..], text);
        var (types, terms) = (All(prices, p => p.ProviderType), All(prices, p => p.Term));
        if (!types.Contains(type) && !terms.Contains(type))
        {
            throw new BadInputException(
                $"{Setting.Price} {text}", "",
                $"USD per hour, or one of {string.Join(", ", [.. types, .. terms])} with an optional @DATE");
        }
        return Median(prices, accelerator, p => p.Term == type, date)
            ?? Median(prices, accelerator, p => p.ProviderType == type && p.Term == "on-demand", date)
            ?? Median(prices, accelerator, p => p.ProviderType == type, date)
            ?? throw new BadInputException(
                $"{Setting.Price} {text}", $"no such price of {accelerator.Name}",
                $"another type, term or date (plimsoll catalogue prices {accelerator.Key}), or "
                + $"{Setting.Price} USD-PER-HOUR");
    }

    static PriceSpec Given(AcceleratorSpec accelerator, decimal amount, string text, string givenBy)
    {
        if (amount is <= 0 or > 10_000)
        {
            throw new BadInputException($"{Setting.Price} {text}", "",
                "USD per accelerator-hour above 0 and at most 10000");
        }
        return new PriceSpec
        {
            Accelerator = accelerator.Key,
            ProviderType = "given",
            Provider = "given",
            Term = "given",
            UsdPerHour = amount,
            AsOf = null,
            Confidence = "given",
            Source = givenBy,
        };
    }

    /// <summary>The median of the latest day's matching rows; null when none matches.</summary>
    static PriceSpec? Median(
        IReadOnlyList<PriceSpec> prices, AcceleratorSpec accelerator, Func<PriceSpec, bool> matches,
        string? until)
    {
        var latest = new List<PriceSpec>();
        foreach (var price in prices)
        {
            if (price.Accelerator != accelerator.Key || !matches(price)
                || (until is not null && string.CompareOrdinal(price.AsOf, until) > 0))
            {
                continue;
            }
            if (latest.Count > 0 && string.CompareOrdinal(price.AsOf, latest[0].AsOf) > 0)
                latest.Clear();
            if (latest.Count == 0 || price.AsOf == latest[0].AsOf)
                latest.Add(price);
        }
        if (latest.Count == 0)
            return null;
        latest.Sort((a, b) => a.UsdPerHour.CompareTo(b.UsdPerHour));
        var middle = latest[(latest.Count - 1) / 2];
        if (latest.Count == 1)
            return middle;
        var upper = latest[latest.Count / 2];
        return middle with
        {
            Provider = $"median of {latest.Count}",
            UsdPerHour = (middle.UsdPerHour + upper.UsdPerHour) / 2,
            Source = $"median of {latest.Count} {middle.Term} prices; {middle.Source}",
        };
    }

    static SortedSet<string> All(IReadOnlyList<PriceSpec> prices, Func<PriceSpec, string> word)
    {
        var words = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var price in prices)
            words.Add(word(price));
        return words;
    }

    static string Date(string date, string text) =>
        DateOnly.TryParseExact(date, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            ? date
            : throw new BadInputException(
                $"{Setting.Price} {text}", $"{date} is no date", "yyyy-MM-dd such as 2026-08-21");
}
