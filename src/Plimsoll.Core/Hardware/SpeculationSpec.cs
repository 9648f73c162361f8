namespace Plimsoll.Core.Hardware;

/// <summary>
/// Speculative decoding. A light draft has one extra layer and the model's own LM head per draft token, as
/// MTP and EAGLE heads have; a draft model has more layers; guesses from earlier text have neither. A
/// simulated step still counts one token per sequence and lasts its share of a real step, so means and
/// throughput are right; real gaps come in bursts of up to <see cref="DraftTokens"/> + 1 tokens.
/// </summary>
/// <param name="DraftTokens">Tokens drafted, and verified together with the last accepted one.</param>
/// <param name="AcceptanceLength">Mean tokens that a step yields, 1 to <paramref name="DraftTokens"/> + 1.
/// For drafts accepted independently with probability a it is (1 − a^(γ + 1)) / (1 − a).</param>
/// <param name="DraftLayers">Layers of the model's own width that a draft token passes; 0 for guesses from
/// text, which compute nothing.</param>
public sealed record SpeculationSpec(int DraftTokens, double AcceptanceLength, double DraftLayers = 1);
