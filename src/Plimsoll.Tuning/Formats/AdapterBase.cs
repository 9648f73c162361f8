using System.IO;
using System.Text;
using Plimsoll.Core;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Formats;

/// <summary>Holds an adapter to the base it was trained on, by hash.</summary>
public static class AdapterBase
{
    const string Key = "plimsoll.base_weights_sha256";
    const string TemplateKey = "plimsoll.template_sha256";

    /// <exception cref="BadInputException">It names other weights or another template. An adapter from
    /// elsewhere names neither and passes.</exception>
    public static void Check(ModelFolder model, string adapterFolder)
    {
        using var file = new Safetensors(Path.Combine(adapterFolder, PeftAdapter.WeightsFile));
        if (file.Metadata.TryGetValue(Key, out var named) && named != model.WeightHash())
        {
            throw new BadInputException($"{adapterFolder}: trained on the base {named[..12]}; "
                + $"{model.Path} holds {model.WeightHash()[..12]}, other weights");
        }
        if (file.Metadata.TryGetValue(TemplateKey, out var template) && template != model.Template.Hash)
        {
            throw new BadInputException($"{adapterFolder}: trained with the chat template {template[..12]}; "
                + $"{model.Path} has {model.Template.Hash[..12]}");
        }
    }

    /// <summary>Names what base and adapter give when they are merged.</summary>
    public static string MergedHash(ModelFolder model, string adapterFolder)
    {
        var adapter = CanonicalJson.HashOfBytes(
            File.ReadAllBytes(Path.Combine(adapterFolder, PeftAdapter.WeightsFile)));
        return CanonicalJson.HashOfBytes(Encoding.ASCII.GetBytes($"merged\0{model.WeightHash()}\0{adapter}"));
    }
}
