using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Inputs.Measured;

/// <summary>The requests of a measured file one by one, whoever measured them.</summary>
public static class MeasuredRequests
{
    /// <summary>A file without single requests throws <see cref="BadInputException"/>.</summary>
    public static MeasuredInput Read(string path)
    {
        SpecialFile.Refuse(path, "the result of a benchmark");
        // Readers also build what calibration replays, which needs a deployment; timings do not depend on it.
        var anything = new Deployment
        {
            Model = Catalogue.BuiltIn.Models[0],
            Accelerator = Catalogue.BuiltIn.Accelerators[0],
        };
        var input = CalibrationFile.Read(path, anything);
        return input.Timings.Any()
            ? input
            : throw new BadInputException($"{path}: {input.Form} holds no single requests; "
                + $"expected a form that does");
    }
}
