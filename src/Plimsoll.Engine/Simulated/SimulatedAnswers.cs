using System;

namespace Plimsoll.Engine.Simulated;

/// <summary>What a simulated engine will answer to a request, or why it takes none.</summary>
sealed class SimulatedAnswers(SimulatedOptions options, SimulatedCodec codec)
{
    /// <summary>The level's place in the scheduler's table: by name, or the first of its class.</summary>
    public int LevelOf(EngineRequest request)
    {
        var levels = options.Limits.Levels;
        var ofClass = 0;
        for (var i = levels.Count - 1; i >= 0; i--)
        {
            if (levels[i].Name == request.Level)
                return i;
            ofClass = levels[i].Class == request.Class ? i : ofClass;
        }
        return ofClass;
    }

    public Refusal? Refuse(EngineRequest request, bool knowsAdapter)
    {
        if (request.Prompt.Length == 0)
            return new Refusal("the prompt is empty; expected at least one token", RefusalKind.BadRequest);
        if (request.Adapter is { } adapter && !knowsAdapter)
            return new Refusal($"The model `{adapter}` does not exist.", RefusalKind.NotFound);
        var most =
            Math.Min(options.MaxModelTokens, (long)options.Limits.NumBlocks * options.Limits.BlockSize);
        if (request.Prompt.Length + (long)request.MaxOutputTokens > most)
        {
            return new Refusal(
                $"This model's maximum context length is {most} tokens. However, you requested "
                + $"{request.Prompt.Length + (long)request.MaxOutputTokens} tokens "
                + $"({request.Prompt.Length} in the messages, {request.MaxOutputTokens} in the "
                + $"completion). Please reduce the length of either.",
                RefusalKind.BadRequest);
        }
        return null;
    }

    public (SimulatedWords Words, int Tokens) Compose(EngineRequest request, ulong hash)
    {
        if (request.Format is { } format)
        {
            if (format.Grammar is not null)
                throw new EngineRefusalException("grammar: a simulated engine follows JSON schemas only");
            var json = codec.Encode(SchemaInstance.Of(format.JsonSchema), addSpecial: false);
            var cut = json.Length > request.MaxOutputTokens;
            return (new SimulatedWords(hash, json, cut ? FinishReason.Length : FinishReason.Stop),
                Math.Min(json.Length, request.MaxOutputTokens));
        }
        var drawn = request.IgnoreEos ? request.MaxOutputTokens
            : Math.Max(request.MinOutputTokens, DrawLength(hash));
        return drawn >= request.MaxOutputTokens
            ? (new SimulatedWords(hash, null, FinishReason.Length), request.MaxOutputTokens)
            : (new SimulatedWords(hash, null, FinishReason.Stop), drawn);
    }

    int DrawLength(ulong hash)
    {
        var radius = Math.Sqrt(-2 * Math.Log(Mixing.Unit(Mixing.Mix(hash, 1))));
        var normal = radius * Math.Cos(2 * Math.PI * Mixing.Unit(Mixing.Mix(hash, 2)));
        var length = options.MedianOutputTokens * Math.Exp(options.OutputSpread * normal);
        return (int)Math.Clamp(length, 1, int.MaxValue / 2);
    }
}
