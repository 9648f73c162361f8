using System;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Planning.Accounts;

/// <summary>Finds what public APIs ask for the model of an account.</summary>
public static class PublicPrices
{
    /// <summary>Null when nobody in the catalogue sells the model, or there is no account.</summary>
    public static ListPrices? Of(AccountOutcome outcome)
    {
        if (outcome is not { Result: { } result, AtLoadLine: { } run })
            return null;
        decimal Blend(ApiPriceSpec offer) =>
            (offer.InputUsd * run.PromptTokens + offer.OutputUsd * run.OutputTokens)
            / (run.PromptTokens + run.OutputTokens);

        var offers =
            Catalogue.BuiltIn.ApiPrices.Where(p => p.Model == result.Statement.Model && p.InputUsd > 0)
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
