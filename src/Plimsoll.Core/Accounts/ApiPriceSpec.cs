namespace Plimsoll.Core.Accounts;

/// <summary>A public API's list price of a model, USD per million tokens.</summary>
public sealed record ApiPriceSpec(
    string Model, string Provider, decimal InputUsd, decimal OutputUsd, decimal? CachedInputUsd, string AsOf,
    string Source);
