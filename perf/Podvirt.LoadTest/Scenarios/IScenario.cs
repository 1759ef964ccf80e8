using Podvirt.LoadTest.Reports;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>One kind of load and what is looked at under it.</summary>
internal interface IScenario
{
    /// <summary>As on the command line and in the results.</summary>
    string Name { get; }

    Task<ScenarioReport> RunAsync();
}
