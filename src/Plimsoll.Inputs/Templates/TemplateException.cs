using System;

namespace Plimsoll.Inputs.Templates;

/// <summary>A chat template that cannot be used, or that refused what it was given; one line.</summary>
public sealed class TemplateException(string message) : Exception(message);
