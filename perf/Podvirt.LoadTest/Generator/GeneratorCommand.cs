using System.Text.Json;

namespace Podvirt.LoadTest.Generator;

/// <summary><c>generate</c>: each line on standard input is a plan, which is run at once and answered with a line of results. Ends when standard input does.</summary>
internal static class GeneratorCommand
{
    public static async Task<int> RunAsync()
    {
        // Console.In reads synchronously whatever is awaited; the stream does not.
        using var questions = new StreamReader(Console.OpenStandardInput());
        var next = questions.ReadLineAsync();
        while (await next is { } line)
        {
            var plan = JsonSerializer.Deserialize<LoadPlan>(line, ControlJson.Options)!;
            var running = Task.Factory.StartNew(() => Execute(plan), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            next = questions.ReadLineAsync();
            if (await Task.WhenAny(running, next) == next)
            {
                // Whoever asked is gone: nobody wants the rest of the run.
                break;
            }
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(await running, ControlJson.Options));
        }
        return 0;
    }

    private static LoadResult Execute(LoadPlan plan)
    {
        using var run = new LoadRun(plan);
        return run.Run();
    }
}
