using System;

namespace Plimsoll.Plan.Figures;

/// <summary>
/// What speed costs: DeepSeek-R1 in FP4 on B200, from 50 to 125 tokens a second and user, in closed form.
/// </summary>
static class SpeedFigure
{
    const string Ask = "plan --model DeepSeek-R1 --weights fp4 --kv fp8 --gpu b200 --engine trtllm "
        + "--enable-dbo all --num-redundant-experts all --promise \"ttft p50 5s\" --json";

    /// <summary>Three drafts of the model's own head; 2.6 tokens a step is assumed of them.</summary>
    const string Drafts = " --num-speculative-tokens 3 --acceptance-length 2.6";

    public static int Run()
    {
        Console.WriteLine(
            $"{"prompt / answer",-18}{"drafts",8}{"pools",8}{"50 tok/s",12}{"125 tok/s",12}{"dearer",9}");
        double promised = 0;
        foreach (var drafts in new[] { "", Drafts })
        {
            foreach (var (isl, osl) in new[] { (1000, 1000), (8000, 1000) })
            {
                foreach (var pools in new[] { "aggregated", "all" })
                {
                    var (slow, fast) = (Usd(20), Usd(8));
                    if (drafts.Length > 0 && isl == 1000 && pools == "all")
                        promised = fast / slow;
                    Console.WriteLine(FormattableString.Invariant(
                        $"{isl + " / " + osl,-18}{(drafts.Length > 0 ? 3 : 0),8}")
                        + FormattableString.Invariant($"{(pools == "all" ? "apart" : "one"),8}")
                        + FormattableString.Invariant($"{slow,12:0.000}{fast,12:0.000}")
                        + FormattableString.Invariant($"{fast / slow,8:0.0}×"));

                    double Usd(int tpotMs) => (double)Verb.Run(
                        $"{Ask} --isl {isl} --osl {osl} --pools {pools}{drafts} "
                        + $"--promise \"tpot p50 {tpotMs}ms\"").Json["steady"]![0]!["usdPerMillionTokens"]!;
                }
            }
        }
        Console.WriteLine(FormattableString.Invariant(
            $"with drafts and pools apart, as the fast published systems run: {promised:0.0}× ")
            + "(published about 7×, promised 5 to 10)");
        return promised is >= 5 and <= 10 ? 0 : 1;
    }
}
