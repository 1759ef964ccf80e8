namespace Podvirt.FunctionalTests.Fixtures;

/// <summary>Tests that measure the machine, or need all of it: nothing runs beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
