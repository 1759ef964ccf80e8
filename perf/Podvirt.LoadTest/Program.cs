using Podvirt.LoadTest;
using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.MockEngine;
using Podvirt.LoadTest.Scenarios;

// One executable, three parts that run as processes of their own: what measures must not share a heap or a thread pool with what is measured.
try
{
    return args switch
    {
        ["engine", .. var rest] => await EngineCommand.RunAsync(rest),
        ["generate"] => await GeneratorCommand.RunAsync(),
        ["run", .. var rest] => await RunCommand.RunAsync(rest),
        _ => throw new UsageException(RunCommand.Usage),
    };
}
catch (UsageException error)
{
    await Console.Error.WriteLineAsync(error.Message);
    return 2;
}
