namespace Plimsoll.Engine.Sampling;

/// <summary>Room that all samplers of one thread share, so that a token costs no memory.</summary>
public sealed class SamplingScratch(int vocabulary)
{
    /// <summary>Logits, changed.</summary>
    public float[] Logits { get; } = new float[vocabulary];

    /// <summary>Weights of all tokens, or of the candidates.</summary>
    public float[] Weights { get; } = new float[vocabulary];

    /// <summary>Candidates, the likeliest first.</summary>
    public int[] Tokens { get; } = new int[vocabulary];

    /// <summary>Keys to sort candidates by.</summary>
    public float[] Keys { get; } = new float[vocabulary];
}
