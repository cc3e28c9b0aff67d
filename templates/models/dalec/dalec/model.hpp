// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
//
// DALEC, the Data Assimilation Linked Ecosystem Carbon model, in the form called DALEC2: six carbon
// pools, a daily step, photosynthesis by ACM. Pure functions; no input or output here.
//
// [W97]  Williams et al. (1997), Predicting gross primary productivity in terrestrial ecosystems.
//        Ecological Applications 7, 882-894. The Aggregated Canopy Model (ACM).
// [W05]  Williams et al. (2005), An improved analysis of forest carbon dynamics using data
// assimilation.
//        Global Change Biology 11, 89-105. doi:10.1111/j.1365-2486.2004.00891.x. The pools and
//        fluxes of DALEC.
// [F09]  Fox et al. (2009), The REFLEX project. Agricultural and Forest Meteorology 149, 1597-1615.
//        doi:10.1016/j.agrformet.2009.05.002. The coefficients of ACM used here.
// [BW15] Bloom and Williams (2015), Constraining ecosystem carbon dynamics in a data-limited world.
//        Biogeosciences 12, 1299-1315. doi:10.5194/bg-12-1299-2015. DALEC2: labile pool, phenology,
//        parameters.
#pragma once

namespace dalec {

/// Carbon in each pool, gC m-2.
struct Pools {
  double labile = 0;
  double foliage = 0;
  double roots = 0;
  double wood = 0;
  double litter = 0;
  double soil = 0;

  double total() const { return labile + foliage + roots + wood + litter + soil; }
};

/// What describes a site and its plants. The numbers p1..p17 are those of [BW15], table of DALEC2
/// parameters.
struct Parameters {
  double decomposition = 0;         ///< p1, litter to soil at 0 degC, d-1
  double autotrophic_fraction = 0;  ///< p2, share of GPP that is respired
  double foliage_fraction = 0;      ///< p3, share of NPP put into leaves at once
  double root_fraction =
      0;  ///< p4, share of the rest (after leaves and labile) put into fine roots
  double leaf_lifespan = 0;        ///< p5, years, > 1
  double wood_turnover = 0;        ///< p6, d-1
  double root_turnover = 0;        ///< p7, d-1
  double litter_turnover = 0;      ///< p8, litter respired at 0 degC, d-1
  double soil_turnover = 0;        ///< p9, soil carbon respired at 0 degC, d-1
  double temperature_factor = 0;   ///< p10, exponent of the temperature response, degC-1
  double canopy_efficiency = 0;    ///< p11, gC m-2 leaf d-1; leaf nitrogen times its use efficiency
  double leaf_onset_day = 0;       ///< p12, day of year at which labile release peaks
  double labile_fraction = 0;      ///< p13, share of NPP after leaves that is stored as labile
  double labile_release_days = 0;  ///< p14, length of labile release, d
  double leaf_fall_day = 0;        ///< p15, day of year at which leaf fall peaks
  double leaf_fall_days = 0;       ///< p16, length of leaf fall, d
  double leaf_mass_per_area = 0;   ///< p17, gC m-2 leaf
  double latitude = 0;             ///< degrees, north positive
};

/// The weather of a day.
struct Weather {
  int day_of_year = 1;   ///< 1..366
  double tmin = 0;       ///< degC
  double tmax = 0;       ///< degC
  double radiation = 0;  ///< global radiation, MJ m-2 d-1
  double co2 = 0;        ///< ppm
};

/// Carbon that moves in a day, gC m-2 d-1.
struct Fluxes {
  double gpp = 0;                      ///< gross primary production
  double autotrophic_respiration = 0;  ///< by plants
  double to_foliage = 0;
  double to_labile = 0;
  double to_roots = 0;
  double to_wood = 0;
  double labile_release = 0;  ///< labile to foliage
  double foliage_litter = 0;
  double root_litter = 0;
  double wood_litter = 0;
  double litter_respiration = 0;
  double soil_respiration = 0;
  double decomposition = 0;  ///< litter to soil

  double heterotrophic_respiration() const { return litter_respiration + soil_respiration; }

  /// Net ecosystem exchange: what the atmosphere gains.
  double nee() const { return autotrophic_respiration + heterotrophic_respiration() - gpp; }
};

/// Leaf area per ground area, m2 m-2.
double leaf_area_index(const Pools& pools, const Parameters& parameters);

/// Hours between sunrise and sunset, 0 to 24. Solar declination as in [W97].
double day_length(int day_of_year, double latitude);

/// GPP of a canopy with the given leaf area, gC m-2 d-1: ACM [W97] with the coefficients of [F09],
/// a leaf water potential difference of -2 MPa and a hydraulic resistance of 1 MPa s m2 mmol-1
/// [BW15].
double gross_primary_production(double leaf_area, const Weather& weather,
                                const Parameters& parameters);

/// Share of a pool that a seasonal event moves on `day_of_year`, d-1: a bell around `peak_day`,
/// `length` days wide, that returns every 365.25 days and moves, over a year, what a mean residence
/// of `lifespan` years
/// (> 1) asks for. [BW15], leaf fall and labile release functions of the appendix.
double seasonal_rate(int day_of_year, double peak_day, double length, double lifespan);

/// Factor by which warmth speeds decay up; 1 at 0 degC. [W05], with the daily mean temperature.
double temperature_response(const Weather& weather, const Parameters& parameters);

/// Everything that moves on a day that begins with `pools`. [BW15], in the order of its appendix.
Fluxes fluxes_of_day(const Pools& pools, const Weather& weather, const Parameters& parameters);

/// The pools at the end of the day. What leaves one enters another or the atmosphere, so the total
/// changes by minus `fluxes.nee()`.
Pools pools_after(const Pools& pools, const Fluxes& fluxes);

}  // namespace dalec
