using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Plimsoll.Tests.Server;

/// <summary>
/// What the FinOps Open Cost and Usage Specification 1.2 demands of a dataset, as far as the dataset alone
/// can tell: its columns, their types, nulls and allowed values, and what a row's columns demand of each
/// other.
/// </summary>
static class FocusRules
{
    enum Kind
    {
        Text,
        Decimal,
        Time,
        Json,
    }

    sealed record Column(Kind Kind, bool IsMandatory, bool HasNulls, string[]? Values = null);

    static readonly (string Name, string[] Values)[] _allowed =
    [
        ("BillingCurrency", ["USD"]), ("CapacityReservationStatus", ["Used", "Unused"]),
        ("ChargeCategory", ["Usage", "Purchase", "Tax", "Credit", "Adjustment"]),
        ("ChargeClass", ["Correction"]), ("ChargeFrequency", ["One-Time", "Recurring", "Usage-Based"]),
        ("ConsumedUnit", ["Tokens"]), ("PricingCategory", ["Standard", "Dynamic", "Committed", "Other"]),
        ("PricingUnit", ["Hours"]),
    ];

    static readonly Dictionary<string, Column> _columns = Columns();

    /// <summary>Every rule that is broken, a line each; none when the dataset conforms.</summary>
    public static List<string> Broken(string csv)
    {
        var records = Records(csv);
        var (header, rows) = (records[0], records.Skip(1).ToList());
        var broken = OfHeader(header).ToList();
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i].Count != header.Count)
            {
                broken.Add($"row {i}: {rows[i].Count} fields for {header.Count} columns");
                continue;
            }
            var row = header.Zip(rows[i]).ToDictionary(pair => pair.First, pair => pair.Second);
            broken.AddRange(OfValues(row).Concat(OfRow(row)).Select(rule => $"row {i}: {rule}"));
        }
        return broken;
    }

    static IEnumerable<string> OfHeader(List<string> header)
    {
        foreach (var name in header)
        {
            if (!_columns.ContainsKey(name) && !name.StartsWith("x_", StringComparison.Ordinal))
                yield return $"{name}: no column of FOCUS, and without x_";
            if (header.IndexOf(name) != header.LastIndexOf(name))
                yield return $"{name}: twice";
        }
        foreach (var (name, column) in _columns)
        {
            if (column.IsMandatory && !header.Contains(name))
                yield return $"{name}: missing";
        }
    }

    static IEnumerable<string> OfValues(Dictionary<string, string> row)
    {
        foreach (var (name, value) in row)
        {
            if (!_columns.TryGetValue(name, out var column))
                continue;
            if (value.Length == 0)
            {
                if (!column.HasNulls)
                    yield return $"{name}: null";
            }
            else if (!IsOf(column.Kind, value))
            {
                yield return $"{name}: {value} is no {column.Kind}";
            }
            else if (column.Values is { } allowed && !allowed.Contains(value))
            {
                yield return $"{name}: {value} is not allowed";
            }
        }
    }

    /// <summary>What one column of a row demands of another.</summary>
    static IEnumerable<string> OfRow(Dictionary<string, string> row)
    {
        string Of(string name) => row.GetValueOrDefault(name, "");
        bool Null(string name) => Of(name).Length == 0;
        var isUsed = Of("ChargeCategory") == "Usage" && Null("ChargeClass");
        foreach (var name in _ofUsage)
        {
            if (isUsed && row.ContainsKey(name) && Null(name))
                yield return $"{name}: null, though something was used";
        }
        foreach (var (one, other) in _together)
        {
            if (row.ContainsKey(other) && Null(one) != Null(other))
                yield return $"{other}: neither with nor without {one}";
        }
        if (!Null("ResourceName") && (Null("ResourceId") || Of("ResourceName") == Of("ResourceId")))
            yield return "ResourceName: no name of its own";
        if (!Null("SkuMeter") && Null("SkuId"))
            yield return "SkuMeter: without SkuId";
        if (Of("ChargeFrequency") == "Usage-Based" && Of("ChargeCategory") == "Purchase")
            yield return "ChargeFrequency: Usage-Based for a purchase";
        if (Of("ServiceCategory") != Category || !_subcategories.Contains(Of("ServiceSubcategory")))
            yield return $"ServiceSubcategory: none of {Category}";
        foreach (var (unit, cost) in _priced)
        {
            if (!TryNumber(Of(unit), out var price) || !TryNumber(Of("PricingQuantity"), out var hours))
                continue;
            if (price < 0 || !TryNumber(Of(cost), out var dollars)
                || decimal.Round(price * hours, 12) != dollars)
            {
                yield return $"{unit}: below 0, or times PricingQuantity not {cost}";
            }
        }
        foreach (var (early, late, mayMeet) in _ordered)
        {
            var order = string.CompareOrdinal(Of(early), Of(late));
            if (order > 0 || (order == 0 && !mayMeet))
                yield return $"{early}: not before {late}";
        }
    }

    static readonly CultureInfo _invariant = CultureInfo.InvariantCulture;

    static readonly string[] _ofUsage =
    [
        "ConsumedQuantity", "PricingQuantity", "PricingCategory", "SkuId", "SkuPriceId", "ListUnitPrice",
        "ContractedUnitPrice",
    ];

    static readonly (string One, string Other)[] _together =
    [
        ("ConsumedQuantity", "ConsumedUnit"), ("PricingQuantity", "PricingUnit"),
        ("ResourceId", "ResourceType"), ("CapacityReservationId", "CapacityReservationStatus"),
        ("SubAccountId", "SubAccountName"), ("SkuId", "SkuPriceId"),
    ];

    static readonly (string Unit, string Cost)[] _priced =
        [("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost")];

    static readonly (string Early, string Late, bool MayMeet)[] _ordered =
    [
        ("ChargePeriodStart", "ChargePeriodEnd", false), ("BillingPeriodStart", "BillingPeriodEnd", false),
        ("BillingPeriodStart", "ChargePeriodStart", true), ("ChargePeriodEnd", "BillingPeriodEnd", true),
    ];

    /// <summary>What serving a model falls under, and its parts.</summary>
    const string Category = "AI and Machine Learning";

    static readonly string[] _subcategories =
    [
        "AI Platforms", "Bots", "Generative AI", "Machine Learning", "Natural Language Processing",
        $"Other ({Category})",
    ];

    static bool IsOf(Kind kind, string value) => kind switch
    {
        Kind.Decimal => Regex.IsMatch(value, @"^-?\d+(\.\d+)?(E-?\d+)?$"),
        Kind.Time => DateTimeOffset.TryParseExact(
            value, "yyyy-MM-ddTHH:mm:ss'Z'", _invariant, DateTimeStyles.AssumeUniversal, out _),
        Kind.Json => IsTags(value),
        _ => value.Trim().Length > 0,
    };

    /// <summary>An object of scalars, each key once, the provider's under a prefix.</summary>
    static bool IsTags(string value)
    {
        try
        {
            using var document = JsonDocument.Parse(value);
            var keys = document.RootElement.EnumerateObject().Select(tag => tag.Name).ToList();
            return keys.Distinct().Count() == keys.Count && keys.All(key => key.Contains('/'))
                && document.RootElement.EnumerateObject()
                    .All(tag => tag.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    static bool TryNumber(string text, out decimal number) =>
        decimal.TryParse(text, NumberStyles.Float, _invariant, out number);

    static Dictionary<string, Column> Columns()
    {
        var columns = new Dictionary<string, Column>();
        void Add(Kind kind, bool mandatory, bool nulls, string names)
        {
            foreach (var name in names.Split(' '))
                columns.Add(name, new Column(kind, mandatory, nulls));
        }
        Add(Kind.Decimal, true, false, "BilledCost ContractedCost EffectiveCost ListCost");
        Add(Kind.Decimal, true, true, "PricingQuantity");
        Add(Kind.Time, true, false,
            "BillingPeriodStart BillingPeriodEnd ChargePeriodStart ChargePeriodEnd");
        Add(Kind.Text, true, false, "BillingAccountId BillingCurrency ChargeCategory InvoiceIssuerName "
            + "ProviderName PublisherName ServiceCategory ServiceName");
        Add(Kind.Text, true, true, "BillingAccountName ChargeClass ChargeDescription PricingUnit");
        Add(Kind.Text, false, false, "BillingAccountType ChargeFrequency ServiceSubcategory");
        Add(Kind.Text, false, true, "AvailabilityZone CapacityReservationId CapacityReservationStatus "
            + "CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName "
            + "CommitmentDiscountStatus CommitmentDiscountType CommitmentDiscountUnit ConsumedUnit InvoiceId "
            + "PricingCategory "
            + "PricingCurrency RegionId RegionName ResourceId ResourceName ResourceType SkuId SkuMeter "
            + "SkuPriceId SubAccountId SubAccountName SubAccountType");
        Add(Kind.Decimal, false, true, "CommitmentDiscountQuantity ConsumedQuantity ContractedUnitPrice "
            + "ListUnitPrice PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost "
            + "PricingCurrencyListUnitPrice");
        Add(Kind.Json, false, true, "SkuPriceDetails Tags");
        foreach (var (name, values) in _allowed)
            columns[name] = columns[name] with { Values = values };
        return columns;
    }

    /// <summary>Comma-separated values of RFC 4180.</summary>
    public static List<List<string>> Records(string csv)
    {
        var records = new List<List<string>> { new() };
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < csv.Length; i++)
        {
            if (quoted && csv[i] == '"' && i + 1 < csv.Length && csv[i + 1] == '"')
                field.Append(csv[i++]);
            else if (csv[i] == '"')
                quoted = !quoted;
            else if (quoted || csv[i] is not (',' or '\n'))
                field.Append(csv[i]);
            else
                End(csv[i] == '\n');
        }
        records.RemoveAt(records.Count - 1);
        return records;

        void End(bool isLast)
        {
            records[^1].Add(field.ToString());
            field.Clear();
            if (isLast)
                records.Add([]);
        }
    }
}
