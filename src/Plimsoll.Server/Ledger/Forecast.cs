using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using Plimsoll.Core;

namespace Plimsoll.Server.Ledger;

/// <summary>What an account said that a class of work would cost, USD per million tokens.</summary>
/// <param name="Low">Low end of its 90 % interval over all tokens; null where it has none.</param>
/// <param name="Tier">What the account rests on.</param>
public sealed record ForecastPrice(
    string Class, double All, double Input, double? CachedInput, double Output, double? Low, double? High,
    double Utilisation, string Tier);

/// <summary>One class of work: what was forecast for its tokens, and what they came to.</summary>
public sealed record Realised(
    ForecastPrice Forecast, long Requests, long PromptTokens, long CachedTokens, long OutputTokens,
    double RealisedUsd, double ForecastUsd, bool Estimated)
{
    public long Tokens => PromptTokens + OutputTokens;

    public double? RealisedPerMillion => Tokens == 0 ? null : RealisedUsd / Tokens * 1e6;

    /// <summary>Realised ÷ forecast for the very tokens that were served.</summary>
    public double? Ratio => ForecastUsd > 0 ? RealisedUsd / ForecastUsd : null;
}

/// <summary>A file that <c>plimsoll account --json</c> printed, held against the ledger.</summary>
public static class Forecast
{
    const string Schema = "plimsoll/account/1";

    public static IReadOnlyList<ForecastPrice> Read(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("schema", out var schema)
                || schema.GetString() != Schema)
            {
                throw new BadInputException($"{file}: no schema {Schema}; expected what "
                    + "`plimsoll account --json` prints");
            }
            var prices = new List<ForecastPrice>();
            foreach (var one in root.GetProperty("classes").EnumerateArray())
            {
                var cost = one.GetProperty("cost");
                var interval = one.GetProperty("interval");
                prices.Add(new ForecastPrice(
                    one.GetProperty("class").GetString()!, Number(cost, "usdPerMillionTokens")!.Value,
                    Number(cost, "usdPerMillionInputTokens")!.Value,
                    Number(cost, "usdPerMillionCachedInputTokens"),
                    Number(cost, "usdPerMillionOutputTokens")!.Value, Number(interval, "low"),
                    Number(interval, "high"), Number(one, "utilisation")!.Value,
                    one.GetProperty("tier").GetString()!));
            }
            return prices;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{file}: {e.Message.ReplaceLineEndings(" ")}; expected an account");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new BadInputException($"{file}: {e.Message.ReplaceLineEndings(" ")}; expected what "
                + "`plimsoll account --json` prints");
        }
    }

    /// <summary>Each class's forecast beside what its rows came to.</summary>
    /// <param name="rows">The ledger's rows, gaps already handed to whoever pays them.</param>
    /// <param name="isBatch">Whether a level is batch work.</param>
    public static IReadOnlyList<Realised> Against(
        IReadOnlyList<ForecastPrice> prices, IReadOnlyList<LedgerRow> rows, Func<string, bool> isBatch)
    {
        var result = new List<Realised>();
        foreach (var price in prices)
        {
            long requests = 0, prompt = 0, cached = 0, output = 0;
            Int128 pico = 0;
            var estimated = false;
            foreach (var row in rows)
            {
                if (row.Account != LedgerAccounts.Served || isBatch(row.Level) != (price.Class == "batch"))
                    continue;
                requests += row.Requests;
                prompt += row.PromptTokens;
                cached += row.CachedTokens;
                output += row.OutputTokens;
                pico += row.Total;
                estimated |= row.Estimated;
            }
            // An account without a price for cached input has it at the price of input.
            var forecast = (((prompt - cached) * price.Input) + (cached * (price.CachedInput ?? price.Input))
                + (output * price.Output)) / 1e6;
            result.Add(new Realised(
                price, requests, prompt, cached, output, (double)pico / 1e12, forecast, estimated));
        }
        return result;
    }

    static double? Number(JsonElement holder, string name) =>
        holder.GetProperty(name) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;
}
