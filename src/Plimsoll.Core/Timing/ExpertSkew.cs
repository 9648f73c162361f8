using Plimsoll.Core.Hardware;

namespace Plimsoll.Core.Timing;

/// <summary>
/// What uneven routing does to a layer of experts: the rank with the busiest expert ends last, but fewer
/// experts are touched. Medians over the measured layers of H100, H200 and B200 under vLLM and TensorRT-LLM,
/// whose tables have every layer balanced and under power laws of 1.01 and 1.2 (ai-dynamo/aiconfigurator; the
/// distiller's <c>--skew</c> prints them).
/// </summary>
static class ExpertSkew
{
    static readonly int[] Tokens = [1, 8, 32, 128, 512, 2048, 8192];

    /// <summary>Balanced over a power law of 1.01, hundredths, by tokens; on 1, 2 to 4, more ranks.</summary>
    static readonly int[][] Balanced =
    [
        [102, 101, 129, 110, 97, 90, 95],
        [101, 98, 125, 111, 97, 82, 81],
        [102, 85, 109, 105, 95, 80, 70],
    ];

    /// <summary>A power law of 1.2 over one of 1.01.</summary>
    static readonly int[][] Steep =
    [
        [100, 97, 97, 100, 102, 102, 101],
        [100, 96, 97, 100, 103, 105, 105],
        [100, 98, 97, 100, 103, 108, 112],
    ];

    /// <summary>Time over that under <see cref="Deployment.FittedExpertSkew"/>.</summary>
    public static double Over(double skew, int ranks, double tokens)
    {
        const double Fitted = Deployment.FittedExpertSkew;
        if (skew == Fitted)
            return 1;
        var ends = skew < Fitted ? Balanced : Steep;
        var end = At(ends[ranks == 1 ? 0 : ranks <= 4 ? 1 : 2], tokens) / 100;
        var away = skew < Fitted
            ? (Fitted - skew) / Fitted : (skew - Fitted) / (Deployment.MostExpertSkew - Fitted);
        return 1 + (away * (end - 1));
    }

    static double At(int[] hundredths, double tokens)
    {
        var (i, share) = Knots.Locate(Tokens, tokens);
        var next = share > 0 ? hundredths[i + 1] : hundredths[i];
        return hundredths[i] + (share * (next - hundredths[i]));
    }
}
