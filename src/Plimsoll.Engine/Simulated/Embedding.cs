using System;

namespace Plimsoll.Engine.Simulated;

/// <summary>A vector of length 1 from a text's tokens: texts that share tokens lie near each other.</summary>
static class Embedding
{
    public static float[] Of(ReadOnlySpan<int> tokens, int size)
    {
        var vector = new float[size];
        foreach (var token in tokens)
        {
            for (var i = 0; i < size; i += 64)
            {
                var bits = Mixing.Mix((ulong)(uint)token, (ulong)i);
                for (var j = 0; j < 64 && i + j < size; j++)
                    vector[i + j] += ((bits >> j) & 1) == 0 ? -1 : 1;
            }
        }
        double sum = 0;
        foreach (var value in vector)
            sum += (double)value * value;
        var length = (float)Math.Sqrt(Math.Max(sum, 1e-9));
        for (var i = 0; i < size; i++)
            vector[i] /= length;
        return vector;
    }
}
