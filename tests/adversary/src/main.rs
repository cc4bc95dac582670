//! dev
use adversary::mutants;
use adversary::table::Total;
use adversary::trial::Trial;
use sync_incidents::plan::StreamPlan;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let from: u64 = args[1].parse().unwrap();
    let to: u64 = args[2].parse().unwrap();
    let days: u32 = args[3].parse().unwrap();
    let kind = args.get(4).map(String::as_str).unwrap_or("");
    let trace = args.get(5).map(|f| (f.parse().unwrap(), args[6].parse().unwrap()));
    if kind == "mutants" {
        for mutant in [&mutants::ENGINE, &mutants::CONTROL].into_iter().chain(mutants::MUTANTS) {
            let mut found = None;
            for seed in from..to {
                let result = mutant.run(seed, days);
                if result.found.is_broken() {
                    found = Some(result);
                    break;
                }
            }
            println!("{:<50} {:?}", mutant.name, found.map(|r| (r.seed, r.found.notes)));
        }
        return;
    }
    let mut total = Total::default();
    for seed in from..to {
        let begun = std::time::Instant::now();
        let trial = Trial {
            mild: kind == "mild",
            trace,
            until_broken: trace.is_some(),
            ..Trial::full(seed, days, kind == "sqlite")
        };
        let result = trial.run::<StreamPlan>();
        if result.found.is_broken() {
            eprintln!(
                "seed {seed}: {:?} lost {} stale {} stuck {} unhealed {}  {:?}",
                begun.elapsed(),
                result.found.lost,
                result.found.stale,
                result.found.stuck,
                result.found.not_healed,
                result.found.notes
            );
        }
        total.add(&result);
    }
    println!("{}", total.text());
}
