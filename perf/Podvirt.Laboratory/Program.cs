namespace Podvirt.Laboratory;

internal static class Program
{
    private const string Usage = """
        Podvirt.Laboratory [--quick] [--results FOLDER]

          --quick            a tenth of the fleet, one seed: for trying something out
          --results FOLDER   where table and plot are written; without it the table is shown only
        """;

    public static int Main(string[] args)
    {
        var isQuick = args.Contains("--quick", StringComparer.Ordinal);
        var at = Array.IndexOf(args, "--results");
        string[] known = ["--quick", "--results"];
        if (args.Where((arg, i) => !known.Contains(arg, StringComparer.Ordinal) && (at < 0 || i != at + 1)).Any() || (at >= 0 && at == args.Length - 1))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        return LaboratoryRun.Run(isQuick, at < 0 ? null : args[at + 1]);
    }
}
