using System;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tune.Figures;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Training;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var work = Path.Combine(SharedData.Root(), "artifacts", "tune");
try
{
    switch (args)
    {
        case ["pretrain", .. var rest]:
            await Pretrain(rest);
            break;
        case ["intents", var set, .. var rest]:
            var first = Number(rest, "--seed") ?? 1;
            for (var seed = first; seed < first + (Number(rest, "--seeds") ?? 1); seed++)
            {
                var result = await IntentTuning.RunAsync(
                    work, ModelOf(rest), set, (ulong)seed, Number(rest, "--few-shot"));
                result.Save(work);
                Console.WriteLine(result);
            }
            break;
        case ["intents-table"]:
            foreach (var line in IntentResult.Table(work))
                Console.WriteLine(line);
            break;
        case ["export", var set, var folder]:
            TaskFiles.Write(IntentSet.Load(set), folder, ModelOf([]));
            break;
        case ["deeper", var folder]:
            DeeperModel.Write(ModelOf([]), folder);
            break;
        case ["traffic", var server, var task, var file, .. var rest]:
            await Traffic.RunAsync(server, task, file, Number(rest, "--requests") ?? int.MaxValue,
                Environment.GetEnvironmentVariable("OPENAI_API_KEY"));
            break;
        case ["publish"]:
            TinyModel.Publish(Path.Combine(work, "small", "model"),
                Path.Combine(SharedData.Root(), "data", "models", "plimsoll-tiny.gguf"));
            break;
        case ["baseline"]:
            foreach (var name in IntentSet.Names)
            {
                var data = IntentSet.Load(name);
                Console.WriteLine($"{name}: tf-idf + softmax "
                    + $"{100 * new SoftmaxBaseline(data.Train, 1).Accuracy(data.Test):F1} %");
            }
            break;
        case ["duplicates", .. var rest]:
            DuplicateFigures.Run(Number(rest, "--records") ?? 1_000_000);
            break;
        case ["torch-speed", .. var rest]:
            await TorchSpeed.RunAsync(work, ModelOf([]), "/usr/bin/python3", Number(rest, "--rounds") ?? 3);
            break;
        case ["gates"]:
            GateFigures.Run();
            break;
        case ["faults"]:
            return await new FaultFigures(work, ModelOf([])).RunAsync() == 0 ? 0 : 1;
        case ["same-bytes"]:
            return await SameBytes.RunAsync(work, ModelOf([])) == 0 ? 0 : 1;
        case ["killed", .. var rest]:
            return KilledRuns.Run(work, ModelOf([]), Number(rest, "--times") ?? 24) == 0 ? 0 : 1;
        default:
            throw new BadInputException("usage: tune-figures pretrain [--large] | publish | intents SET "
                + "[--seed N] [--seeds N] [--few-shot N] [--pretrained|--large] | intents-table "
                + "| baseline | duplicates [--records N] | gates | faults | same-bytes | killed [--times N] "
                + "| torch-speed [--rounds N] | export SET FOLDER | deeper FOLDER "
                + "| traffic SERVER TASK QUESTIONS [--requests N]");
    }
    return 0;
}
catch (BadInputException bad)
{
    Console.Error.WriteLine(bad.Message);
    return 2;
}

async Task Pretrain(string[] rest)
{
    var size = Array.IndexOf(rest, "--large") >= 0 ? TinyModel.Large : TinyModel.Small;
    var folder = Path.Combine(work, size == TinyModel.Large ? "large" : "small");
    Directory.CreateDirectory(folder);
    TinyModel.Prepare(folder, size);
    var precision = Array.IndexOf(rest, "--bf16") >= 0 ? Precision.Bf16 : Precision.F32;
    await TinyModel.PretrainAsync(folder, Number(rest, "--steps"), precision, seed: 1);
}

// The model in the repository, unless one that was pre-trained here is asked for.
string ModelOf(string[] rest)
{
    if (Array.IndexOf(rest, "--large") >= 0)
        return Path.Combine(work, "large", "model");
    if (Array.IndexOf(rest, "--pretrained") >= 0)
        return Path.Combine(work, "small", "model");
    var folder = Path.Combine(work, "built-in", "model");
    if (!Directory.Exists(folder))
    {
        Directory.CreateDirectory(folder);
        using var gguf = GgufFile.Open(
            Path.Combine(SharedData.Root(), "data", "models", "plimsoll-tiny.gguf"));
        GgufImport.Model(gguf, folder);
    }
    return folder;
}

static int? Number(string[] rest, string name) =>
    Array.IndexOf(rest, name) is var at and >= 0 && at + 1 < rest.Length
        && int.TryParse(rest[at + 1], out var value) ? value : null;
