using System;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tune.Figures;
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
        default:
            throw new BadInputException("usage: tune-figures pretrain");
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
    var steps = Array.IndexOf(rest, "--steps") is var at and >= 0 ? int.Parse(rest[at + 1]) : (int?)null;
    await TinyModel.PretrainAsync(folder, steps, Array.IndexOf(rest, "--bf16") >= 0 ? Precision.Bf16 : Precision.F32, seed: 1);
}
