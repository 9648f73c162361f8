using System;
using System.Collections.Generic;
using System.Threading;

namespace Plimsoll.Server.Ledger;

/// <summary>
/// What a model's tokens may come to, for budgets to reserve by: at first what an engine costs that works for
/// one request alone, then what was booked of late. It rises soon and falls late.
/// </summary>
public sealed class TokenPrices
{
    /// <summary>Prompt tokens that one output token counts as: 4 in the median of list prices.</summary>
    public const int OutputWeight = 4;

    /// <summary>Time of a lone output token where nothing is known of an engine.</summary>
    public const long CautiousTokenNs = 50_000_000;

    const double NsPerHour = 3_600e9;

    // Weighted tokens after which half of a difference is believed.
    const double RisesAfter = 1024;
    const double FallsAfter = 16_384;

    // An engine that tells no steps is booked twice a second: a lone request may pay for the whole of it.
    const double PostedEveryNs = 500e6;

    readonly Lock _gate = new();
    readonly Dictionary<string, Price> _prices = new(StringComparer.Ordinal);

    sealed class Price
    {
        public double PicoPerWeight;
        public double PicoPerRequest;
        public bool IsPostedLate;
    }

    /// <summary>Names a model's engine before its first request.</summary>
    /// <param name="picoPerHour">Price of one rank or replica.</param>
    /// <param name="tokenNs">Time of an output token that is worked on alone.</param>
    /// <param name="tellsSteps">Whether every step is booked before its tokens are told.</param>
    public void Begin(string model, long picoPerHour, long tokenNs, bool tellsSteps)
    {
        var picoPerNs = picoPerHour / NsPerHour;
        lock (_gate)
        {
            _prices[model] = new Price
            {
                PicoPerWeight = picoPerNs * tokenNs / OutputWeight,
                PicoPerRequest = tellsSteps ? 0 : picoPerNs * PostedEveryNs,
                IsPostedLate = !tellsSteps,
            };
        }
    }

    /// <summary>Takes in what so many weighted tokens were booked at.</summary>
    public void Learn(string model, long pico, long weight)
    {
        if (weight <= 0)
            return;
        lock (_gate)
        {
            if (!_prices.TryGetValue(model, out var price))
                return;
            var difference = ((double)pico / weight) - price.PicoPerWeight;
            var after = difference > 0 ? RisesAfter : FallsAfter;
            price.PicoPerWeight += difference * weight / (weight + after);
        }
    }

    /// <summary>What a request may come to, pico-dollars; 0 for a model that is not known.</summary>
    public long Of(string model, long promptTokens, long outputTokens)
    {
        lock (_gate)
        {
            if (!_prices.TryGetValue(model, out var price))
                return 0;
            // Even the shortest request is a step.
            var weight = promptTokens + (OutputWeight * ((double)outputTokens + 1));
            return (long)Math.Min(1e17, price.PicoPerRequest + (price.PicoPerWeight * weight));
        }
    }

    /// <summary>Whether a request is booked some time after its answer.</summary>
    public bool IsPostedLate(string model)
    {
        lock (_gate)
            return _prices.TryGetValue(model, out var price) && price.IsPostedLate;
    }
}
