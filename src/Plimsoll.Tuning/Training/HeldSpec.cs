using Plimsoll.Core;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Training;

/// <summary>
/// The spec of a run over a registry. What it names by hash is held to what the registry says of it: nothing
/// is trained on a file that was changed under its name.
/// </summary>
public static class HeldSpec
{
    /// <exception cref="BadInputException">A file of base, dataset or adapter is another by now, or the
    /// adapter is of another base.</exception>
    public static TrainingSpec Of(TuneWorkspace workspace, TrainingOptions options, ModelFolder model,
        string baseHash, string datasetHash, string? initialAdapter)
    {
        var records = workspace.Of(datasetHash, ManifestKind.Dataset).Blobs["train.jsonl"];
        var initialFolder = initialAdapter is null ? null : workspace.FolderOf(initialAdapter);
        var spec = options.SpecFor(model, workspace.Registry.Blobs.Find(records), initialFolder);
        var facts = workspace.Of(baseHash, ManifestKind.Base).Facts;
        Same(baseHash, "weights", (string)facts["weights_sha256"]!, spec.BaseHash);
        Same(baseHash, "tokenizer", (string)facts["tokenizer_sha256"]!, spec.TokenizerHash);
        Same(baseHash, "chat template", (string)facts["template_sha256"]!, spec.TemplateHash);
        Same(datasetHash, "records", records, spec.DatasetHash);
        if (initialAdapter is not null)
        {
            Same(initialAdapter, "weights", workspace.Of(initialAdapter, ManifestKind.Adapter)
                .Blobs[PeftAdapter.WeightsFile], spec.InitialAdapterHash!);
            AdapterBase.Check(model, initialFolder!);
        }
        return spec;
    }

    static void Same(string of, string what, string named, string found)
    {
        if (named != found)
        {
            throw new BadInputException($"{of[..12]}: its {what} hash to {found[..12]}; the registry names "
                + $"{named[..12]}, expected them unchanged");
        }
    }
}
