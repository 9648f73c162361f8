using System.Text.Json;
using Plimsoll.Core.Models;

namespace Plimsoll.Bench.Money;

/// <summary>Money in our object of a result.</summary>
public static class MoneyJson
{
    public static void Write(Utf8JsonWriter json, MoneyReport? money, AccountComparison? against)
    {
        if (money is not null)
            Money(json, money);
        if (against is not null)
            Against(json, against);
    }

    static void Money(Utf8JsonWriter json, MoneyReport money)
    {
        json.WriteStartObject("money");
        json.WriteString("gpu", money.Gpu);
        json.WriteNumber("count", money.Count);
        json.WriteNumber("usd_per_gpu_hour", money.Price.UsdPerHour);
        json.WriteString("price_as_of", money.Price.AsOf);
        json.WriteString("price_source", money.Price.Source);
        json.WriteNumber("usd_per_hour", money.UsdPerHour);
        Estimate(json, "usd_per_million_tokens", money.UsdPerMillionTokens);
        Estimate(json, "usd_per_million_good_tokens", money.UsdPerMillionGoodTokens);
        Estimate(json, "usd_per_million_tokens_at_load_line", money.UsdPerMillionTokensAtLine);
        Number(json, "usd_per_request", money.UsdPerRequest);
        json.WriteNumber("busy_share", money.BusyShare);
        json.WriteString("tier", money.Tier);
        json.WriteString("weights", money.Deployment?.Weights.Name());
        json.WriteString("kv", money.Deployment?.Kv.Name());
        json.WriteStartArray("gap");
        foreach (var bar in money.Gap)
        {
            json.WriteStartObject();
            json.WriteString("step", bar.Name);
            json.WriteNumber("usd_per_million_tokens", bar.UsdPerMillionTokens);
            json.WriteString("means", bar.Means);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    static void Against(Utf8JsonWriter json, AccountComparison against)
    {
        json.WriteStartObject("against");
        json.WriteStartArray("figures");
        foreach (var figure in against.Figures)
        {
            json.WriteStartObject();
            json.WriteString("name", figure.Name);
            json.WriteNumber("predicted", figure.Predicted);
            Number(json, "low", figure.Low);
            Number(json, "high", figure.High);
            Number(json, "realised", figure.Realised);
            json.WriteBoolean("off", figure.IsOff);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("off");
        foreach (var line in against.Off)
            json.WriteStringValue(line);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    static void Estimate(Utf8JsonWriter json, string name, Estimate? estimate)
    {
        if (estimate is not { } known)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartObject(name);
        json.WriteNumber("value", known.Value);
        Number(json, "low", known.Low);
        Number(json, "high", known.High);
        json.WriteEndObject();
    }

    static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } known)
            json.WriteNumber(name, known);
        else
            json.WriteNull(name);
    }
}
