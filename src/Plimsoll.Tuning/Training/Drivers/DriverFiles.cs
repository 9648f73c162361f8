using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;

namespace Plimsoll.Tuning.Training.Drivers;

/// <summary>
/// One spec as the files of trainers with accelerators: Axolotl, TRL, LLaMA-Factory, and those under Slurm or
/// Kubeflow. What comes back is a PEFT folder, and passes the same gates.
/// </summary>
public static class DriverFiles
{
    public const string DataFile = "train.jsonl";

    public static IReadOnlyList<string> Names { get; } = [
        "axolotl", "trl", "llama-factory", "slurm", "kubeflow"];

    /// <param name="trainFile">Canonical records.</param>
    /// <exception cref="BadInputException">An unknown driver, or a method that it is
    /// not written for.</exception>
    public static IReadOnlyList<(string Name, byte[] Content)> For(
        string driver, TrainingSpec spec, ModelFolder model, string trainFile)
    {
        if (!Names.Contains(driver))
        {
            throw new BadInputException(
                $"driver {driver}; expected embedded, hosted, {string.Join(", ", Names)}");
        }
        if (spec.Method != TrainingMethod.Sft && driver != "trl")
        {
            throw new BadInputException($"driver {driver} with method "
                + $"{spec.Method.ToString().ToLowerInvariant()}; expected sft, or driver trl");
        }
        var files = new List<(string Name, string Text)> { ("README.md", Readme(driver, spec)) };
        switch (driver)
        {
            case "axolotl":
                files.Add(("axolotl.yaml", AxolotlFile.Of(spec, model)));
                break;
            case "llama-factory":
                files.AddRange(LlamaFactoryFiles.Of(spec, model));
                break;
            default:
                files.Add(("train.py", TrlScript.Of(spec, model)));
                break;
        }
        if (driver == "slurm")
            files.Add(("train.sbatch", ClusterFiles.Sbatch(spec)));
        if (driver == "kubeflow")
            files.Add(("trainjob.yaml", ClusterFiles.TrainJob(spec)));
        return [.. files.Select(f => (f.Name, Encoding.UTF8.GetBytes(f.Text))),
            (DataFile, File.ReadAllBytes(trainFile))];
    }

    static string Readme(string driver, TrainingSpec spec) => $"""
        # Training files for {driver}

        Written from spec {spec.Hash}.
        Base weights {spec.BaseHash}, dataset {spec.DatasetHash}.
        The base is expected in `./base`; the adapter is written to `./adapter` as a PEFT folder.
        {(driver is "trl" or "slurm" or "kubeflow" ? "Loss is taken from the assistant's turns; TRL needs {% generation %} marks in the template for it, which `train.py` adds for ChatML." : "Loss is taken from the assistant's turns.")}
        What comes back: the command that wrote these files, with `--bundle ./adapter --driver-version VERSION` in
        place of `--out`, takes the adapter in.

        """.Replace("\r\n", "\n");
}
