using System;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Plan.Figures;

/// <summary>
/// Engines of 2022 and 2023 and embedding servers as they were measured, beside today's engine on the same
/// card: what <c>data/eras.csv</c> states as a range, and how far embeddings are off.
/// </summary>
static class ServedFigure
{
    public static int Run()
    {
        Console.WriteLine($"{"system",-44}{"measured ms",12}{"today's ms",12}  ratio");
        Decode("DeepSpeed-Inference, BLOOM-176B, batch 1", 1, 44);
        Decode("the same, batch 32", 32, 1.68 * 32);
        Decode("the same, batch 128", 128, 0.69 * 128);
        Generate("FasterTransformer, GPT-175B, 128 + 8, b32", 128, 8, 32, 1547);
        Generate("the same, 512 + 32, b16", 512, 32, 16, 3706);
        Embed("TEI, bge-large on L4, tokens/s", "bge-large-en-v1.5", "l4", 62_200);
        return 0;
    }

    static StepTimeModel Model(string model, string card, int tp) => StepTimeCatalogue.ModelOf(new Deployment
    {
        Model = Catalogue.BuiltIn.FindModel(model), Accelerator = Catalogue.BuiltIn.FindAccelerator(card),
        TensorParallel = tp, Weights = NumberFormat.Bf16,
        Engine = EngineCatalogue.ServerDefaults(Catalogue.BuiltIn.FindAccelerator(card)),
    });

    static void Decode(string name, int batch, double measuredMs)
    {
        var shape = new StepShape();
        shape.AddDecodes(batch, batch * 60L);
        Print(name, measuredMs, Model("BLOOM-176B", "a100_sxm", 8).PredictNs(shape) / 1e6);
    }

    static void Generate(string name, int input, int output, int batch, double measuredMs)
    {
        var model = Model("GPT-3-175B", "a100_sxm", 8);
        var prompts = new StepShape();
        for (var i = 0; i < batch; i++)
            prompts.AddChunk(0, input, endsPrompt: true);
        var ms = model.PredictNs(prompts) / 1e6;
        for (var token = 1; token < output; token++)
        {
            var shape = new StepShape();
            shape.AddDecodes(batch, batch * (long)(input + token));
            ms += model.PredictNs(shape) / 1e6;
        }
        Print(name, measuredMs, ms);
    }

    static void Embed(string name, string model, string card, double measured)
    {
        var shape = new StepShape();
        for (var i = 0; i < 48; i++)
            shape.AddChunk(0, 320, endsPrompt: true);
        var predicted = shape.PrefillTokens * 1e9 / Model(model, card, 1).PredictNs(shape);
        Console.WriteLine(FormattableString.Invariant(
            $"{name,-44}{measured,12:#,0}{predicted,12:#,0}  {predicted / measured:0.00}"));
    }

    static void Print(string name, double measured, double today) => Console.WriteLine(
        FormattableString.Invariant($"{name,-44}{measured,12:0.0}{today,12:0.0}  {measured / today:0.00}"));
}
