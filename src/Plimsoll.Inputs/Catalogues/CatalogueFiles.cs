using System.Collections.Generic;
using System.IO;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>Readers of the catalogue's files; a user's own files have the same columns.</summary>
static class CatalogueFiles
{
    public static IReadOnlyList<AcceleratorSpec> Accelerators(string name, TextReader text) =>
        CsvTable.Read(name, text, row => new AcceleratorSpec
        {
            Key = row.Text("key"),
            Name = row.Text("name"),
            Vendor = row.Text("vendor"),
            Bf16Tflops = row.Number("bf16_tflops"),
            Fp8Tflops = row.OptionalNumber("fp8_tflops"),
            Fp4Tflops = row.OptionalNumber("fp4_tflops"),
            Int8Tops = row.OptionalNumber("int8_tops"),
            MemoryGb = row.Number("memory_gb"),
            DeviceGib = row.OptionalNumber("device_gib"),
            MemoryGbPerSecond = row.Number("memory_gb_per_s"),
            ScaleUpGbPerSecond = row.OptionalNumber("scaleup_gb_per_s") ?? 0,
            ScaleUpWorld = row.OptionalText("scaleup_world").Length == 0 ? 1 : row.Whole("scaleup_world"),
            TdpWatts = row.OptionalNumber("tdp_watts"),
            Launch = row.Text("launch"),
            Source = row.Text("source"),
        });

    public static IReadOnlyList<PriceSpec> Prices(string name, TextReader text) =>
        CsvTable.Read(name, text, row => new PriceSpec
        {
            Accelerator = row.Text("accelerator"),
            ProviderType = row.Text("provider_type"),
            Provider = row.Text("provider"),
            Term = row.Text("term"),
            UsdPerHour = row.Money("usd_per_hour"),
            AsOf = row.Text("as_of"),
            Confidence = row.Text("confidence"),
            Source = row.Text("source"),
        });

    public static IReadOnlyList<ApiPriceSpec> ApiPrices(string name, TextReader text) =>
        CsvTable.Read(name, text, row => new ApiPriceSpec(
            row.Text("model"), row.Text("provider"), row.Money("input_usd_mtok"),
            row.Money("output_usd_mtok"),
            row.OptionalNumber("cached_input_usd_mtok") is { } cached ? (decimal)cached : null,
            row.Text("as_of"), row.Text("source")));

    public static IReadOnlyList<ModelSpec> Models(string name, TextReader text) =>
        CsvTable.Read(name, text, ModelRow.Read);
}
