namespace Podvirt.Core.Gpus;

/// <summary>One device of one node.</summary>
/// <param name="Id">Its UUID (<c>GPU-…</c>); <c>SIM-0</c>, <c>SIM-1</c>, … for simulated ones.</param>
/// <param name="Index">Its index in PCI order on its node.</param>
/// <param name="Node">The machine it sits in.</param>
/// <param name="Type">Marketing name, for example <c>H100</c>.</param>
/// <param name="MemoryBytes">All of its memory.</param>
/// <param name="Simulated">True for a device that only the simulated engine knows.</param>
public sealed record GpuDevice(string Id, int Index, string Node, string Type, long MemoryBytes, bool Simulated);
