namespace Podvirt.Simulator.Http;

/// <summary>One endpoint.</summary>
/// <param name="Path">A part such as <c>{id}</c> stands for any; the request's route values have it under that name.</param>
/// <param name="Inference">Whether it runs the model, and so is hit by the faults of inference.</param>
internal sealed record EngineRoute(string Method, string Path, Func<HttpContext, Task> Handle, bool Inference = false);
