using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Plimsoll.Server.Ledger;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

/// <summary>The ledger's rows under FOCUS's own rules.</summary>
public sealed class FocusExportTests
{
    const long Hour = 495_000;
    const long UsPerHour = 3_600_000_000;

    [Fact]
    public void Every_row_keeps_every_rule_of_the_specification() =>
        FocusRules.Broken(Export()).ShouldBeEmpty();

    [Theory]
    [InlineData("BilledCost", "$1")]
    [InlineData("BilledCost", "")]
    [InlineData("BillingCurrency", "dollars")]
    [InlineData("CapacityReservationStatus", "Idle")]
    [InlineData("CapacityReservationStatus", "")]
    [InlineData("ChargePeriodStart", "2026-06-20 16:00")]
    [InlineData("ChargePeriodEnd", "2020-01-01T00:00:00Z")]
    [InlineData("BillingPeriodEnd", "2026-06-20T16:00:00Z")]
    [InlineData("ChargeClass", "None")]
    [InlineData("ConsumedQuantity", "")]
    [InlineData("ConsumedUnit", "")]
    [InlineData("ContractedUnitPrice", "7")]
    [InlineData("ListUnitPrice", "-2")]
    [InlineData("PricingQuantity", "1 1/2")]
    [InlineData("PricingQuantity", "")]
    [InlineData("ResourceName", "fleet/0")]
    [InlineData("ResourceType", "")]
    [InlineData("ServiceSubcategory", "Quantum Computing")]
    [InlineData("SkuPriceId", "")]
    [InlineData("SubAccountName", "")]
    [InlineData("Tags", "{\"level\":\"batch\"}")]
    [InlineData("Tags", "{\"plimsoll/a\":[1]}")]
    public void A_field_that_breaks_a_rule_is_found(string column, string value)
    {
        var records = FocusRules.Records(Export());
        records[1][records[0].IndexOf(column)] = value;
        var csv = string.Concat(records.Select(record => string.Join(',', record.Select(Quoted)) + "\n"));
        var broken = FocusRules.Broken(csv);
        broken.ShouldContain(
            rule => rule.Contains(column, StringComparison.Ordinal), string.Join('\n', broken));
    }

    [Fact]
    public void A_column_that_is_missing_or_nobodys_is_found()
    {
        FocusRules.Broken("BilledCost,Level\n").ShouldContain("Level: no column of FOCUS, and without x_");
        FocusRules.Broken("BilledCost\n").ShouldContain("ListCost: missing");
    }

    /// <summary>A price that changes changes no hour that was booked before.</summary>
    [Fact]
    public void Hours_are_reckoned_at_the_price_that_held_then()
    {
        var records = FocusRules.Records(Export());
        double Value(List<string> row, string column) =>
            double.Parse(row[records[0].IndexOf(column)], CultureInfo.InvariantCulture);
        var rows = records.Skip(1).ToList();
        Value(rows[0], "ListUnitPrice").ShouldBe(2);
        Value(rows[0], "PricingQuantity").ShouldBe(0.25);
        rows[^1][records[0].IndexOf("ChargeDescription")].ShouldBe("down time of fleet/0");
        Value(rows[^1], "ListUnitPrice").ShouldBe(2, "the time before the price changed");
        Value(rows[^2], "ListUnitPrice").ShouldBe(4);
    }

    /// <summary>An hour in which the price changed has the mean over its time.</summary>
    [Fact]
    public void A_price_that_changes_within_an_hour_counts_by_its_time()
    {
        var prices = new EnginePrices();
        prices.Add("e", 0, UsPerHour / 4, 2_000_000);
        prices.Add("e", UsPerHour / 2, 3 * UsPerHour, 4_000_000);
        prices.At("e", 0, isDown: false).ShouldBe(3_333_333);
        prices.At("e", 0, isDown: true).ShouldBe(2_000_000);
        prices.At("e", 2, isDown: false).ShouldBe(4_000_000);
        prices.At("e", 9, isDown: false).ShouldBe(4_000_000);
        prices.At("other", 0, isDown: false).ShouldBeNull();
    }

    static string Quoted(string field) => $"\"{field.Replace("\"", "\"\"")}\"";

    /// <summary>Two lives at two prices, and every account.</summary>
    static string Export()
    {
        var prices = new EnginePrices();
        prices.Add("fleet/0", Hour * UsPerHour, (Hour + 2) * UsPerHour, 2_000_000_000_000);
        prices.Add("fleet/0", (Hour + 4) * UsPerHour, (Hour + 5) * UsPerHour, 4_000_000_000_000);
        var writer = new StringWriter();
        FocusExport.Write(writer,
        [
            Row(Hour, LedgerAccounts.Served, "acme, \"Inc\"", 500_000_000_000),
            Row(Hour, LedgerAccounts.Idle, "", 7),
            Row(Hour + 1, LedgerAccounts.Headroom, "", 3_333_333_333),
            Row(Hour + 1, LedgerAccounts.Recomputed, "", 1),
            Row(Hour + 4, LedgerAccounts.Served, "acme, \"Inc\"", 999_999_999_999),
            Row(Hour + 4, LedgerAccounts.Down, "", 4_000_000_000_000),
        ], prices);
        return writer.ToString();
    }

    static LedgerRow Row(long hour, string account, string tenant, long pico) => new()
    {
        Hour = hour,
        Engine = "fleet/0",
        Account = account,
        Tenant = tenant,
        Level = tenant.Length > 0 ? "interactive" : "",
        Model = "fleet",
        Adapter = "",
        Release = "current",
        Fixed = pico,
        PromptTokens = tenant.Length > 0 ? 100 : 0,
        OutputTokens = tenant.Length > 0 ? 10 : 0,
    };
}
