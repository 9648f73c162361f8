using System.Collections.Generic;

namespace Plimsoll.Core.Accounts;

/// <summary>
/// What public APIs ask for the same model, for the account's own mix of input and output tokens.
/// </summary>
public sealed record ListPrices
{
    /// <summary>Offers that ask for money, the cheapest for this mix first. At least one.</summary>
    public required IReadOnlyList<ApiPriceSpec> Offers { get; init; }

    public required decimal CheapestUsdPerMillionTokens { get; init; }

    public required decimal MedianUsdPerMillionTokens { get; init; }

    public required decimal DearestUsdPerMillionTokens { get; init; }

    /// <summary>
    /// Price of an accelerator-hour at which the interactive class costs what the median offer asks.
    /// </summary>
    public required decimal BreakEvenUsdPerGpuHour { get; init; }

    /// <summary>The day of the newest offer.</summary>
    public string AsOf
    {
        get
        {
            var newest = Offers[0].AsOf;
            foreach (var offer in Offers)
            {
                if (string.CompareOrdinal(offer.AsOf, newest) > 0)
                    newest = offer.AsOf;
            }
            return newest;
        }
    }
}
