using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Planning.Catalogues;

namespace Plimsoll.Planning.Accounts;

/// <summary>What public APIs ask for the same model, for the account's own mix of input and output tokens.</summary>
public sealed record ListPrices
{
    /// <summary>Offers that ask for money, the cheapest for this mix first. At least one.</summary>
    public required IReadOnlyList<ApiPriceSpec> Offers { get; init; }

    public required decimal CheapestUsdPerMillionTokens { get; init; }

    public required decimal MedianUsdPerMillionTokens { get; init; }

    public required decimal DearestUsdPerMillionTokens { get; init; }

    /// <summary>Price of an accelerator-hour at which the interactive class costs what the median offer asks.</summary>
    public required decimal BreakEvenUsdPerGpuHour { get; init; }

    public string AsOf => Offers.Max(offer => offer.AsOf)!;

    /// <summary>Null when nobody in the catalogue sells the model, or there is no account.</summary>
    public static ListPrices? Of(AccountOutcome outcome)
    {
        if (outcome is not { Result: { } result, AtLoadLine: { } run })
            return null;
        decimal Blend(ApiPriceSpec offer) =>
            (offer.InputUsd * run.PromptTokens + offer.OutputUsd * run.OutputTokens) / (run.PromptTokens + run.OutputTokens);

        var offers = Catalogue.BuiltIn.ApiPrices.Where(p => p.Model == result.Statement.Model && p.InputUsd > 0)
            .OrderBy(Blend).ThenBy(p => p.Provider, StringComparer.Ordinal).ToList();
        if (offers.Count == 0)
            return null;
        var median = (Blend(offers[(offers.Count - 1) / 2]) + Blend(offers[offers.Count / 2])) / 2;
        return new ListPrices
        {
            Offers = offers,
            CheapestUsdPerMillionTokens = Blend(offers[0]),
            MedianUsdPerMillionTokens = median,
            DearestUsdPerMillionTokens = Blend(offers[^1]),
            BreakEvenUsdPerGpuHour =
                outcome.Request.Price.UsdPerHour * median / result.Classes[0].Cost.UsdPerMillionTokens,
        };
    }
}
