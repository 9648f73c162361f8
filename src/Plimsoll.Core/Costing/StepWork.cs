namespace Plimsoll.Core.Costing;

/// <summary>What one sequence did in a step.</summary>
/// <param name="PrefillTokens">New prompt tokens.</param>
/// <param name="DecodeTokens">Tokens decoded.</param>
/// <param name="ContextTokens">KV length at the end, tokens, the new ones included.</param>
public readonly record struct StepWork(int PrefillTokens, int DecodeTokens, int ContextTokens);

/// <summary>What one sequence pays for a step, pico-dollars, by cause.</summary>
/// <param name="Fixed">Its equal part of what the step costs whatever it carries.</param>
/// <param name="Prefill">New prompt tokens and their attention to each other.</param>
/// <param name="Decode">Tokens decoded.</param>
/// <param name="Kv">Reading KV that was there before.</param>
public readonly record struct StepCharge(long Fixed, long Prefill, long Decode, long Kv)
{
    public long Total => Fixed + Prefill + Decode + Kv;

    public static StepCharge operator +(StepCharge a, StepCharge b) =>
        new(a.Fixed + b.Fixed, a.Prefill + b.Prefill, a.Decode + b.Decode, a.Kv + b.Kv);
}
